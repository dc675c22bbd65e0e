import { CloudUpload, Folder, History, type LucideIcon, Trash2 } from 'lucide-react';
import type { ReactNode } from 'react';
import type { ActionId } from '../actions/types';
import type { SpaceUse } from '../api/types';
import { text } from '../lib/text';
import { actionIcons } from './action-icons';
import { useApp } from './app-context';
import { Button } from './button';
import { formatDate, formatSize } from './format';
import styles from './space-parts.module.css';
import { useObservable } from './use-observable';

/** Files, older versions, trash and uploads: how much each takes, and what can be done about it. */
export function SpaceParts({ use }: { use: SpaceUse }) {
  const app = useApp();
  const { rows, more } = useObservable(app.unfinished);
  const { versions, trash } = use;
  const words = text.storage;
  return (
    <ul className={styles.parts} aria-label={words.parts}>
      <Part
        id="files"
        icon={Folder}
        name={words.files}
        size={use.used}
        what={words.filesCount(use.files)}
      >
        <a className={styles.link} href={app.href({ view: 'files', path: '' })}>
          {words.showFiles}
        </a>
      </Part>
      <Part
        id="versions"
        icon={History}
        name={words.versions}
        size={versions.bytes}
        what={versions.entries > 0 ? words.versionsCount(versions.entries) : words.noVersions}
        since={versions.since !== null && words.versionsSince(formatDate(versions.since))}
      >
        {versions.entries > 0 && <Do id="drop-versions" />}
      </Part>
      <Part
        id="trash"
        icon={Trash2}
        name={words.trash}
        size={trash.bytes}
        what={trash.entries > 0 ? text.files.items(trash.entries) : words.noTrash}
        since={trash.since !== null && words.trashSince(formatDate(trash.since))}
      >
        {trash.entries > 0 && (
          <>
            <a className={styles.link} href={app.href({ view: 'trash' })}>
              {words.showTrash}
            </a>
            <Do id="empty-trash" />
          </>
        )}
      </Part>
      <Part
        id="uploads"
        icon={CloudUpload}
        name={text.unfinished.title}
        size={rows.reduce((sum, { offset }) => sum + offset, 0)}
        what={rows.length > 0 ? text.unfinished.count(rows.length, more) : text.unfinished.none}
      >
        {rows.length > 0 && (
          <a className={styles.link} href={app.href({ view: 'uploads' })}>
            {text.unfinished.show}
          </a>
        )}
      </Part>
    </ul>
  );
}

interface PartProps {
  id: string;
  icon: LucideIcon;
  name: string;
  size: number;
  what: string;
  since?: string | false;
  /** What can be done about it. */
  children: ReactNode;
}

function Part({ id, icon: Icon, name, size, what, since, children }: PartProps) {
  return (
    <li className={styles.part} data-testid={`part-${id}`}>
      <Icon aria-hidden="true" className={styles.icon} />
      <div className={styles.words}>
        <h3 className={styles.name}>{name}</h3>
        <p className={styles.what}>
          {what}
          {since && <span>, {since}</span>}
        </p>
      </div>
      <p className={styles.size}>{formatSize(size)}</p>
      <div className={styles.answers}>{children}</div>
    </li>
  );
}

function Do({ id }: { id: ActionId }) {
  const { actions } = useApp();
  const action = actions[id];
  return (
    <Button icon={actionIcons[id]} className={styles.danger} onClick={() => action.run()}>
      {action.label}
    </Button>
  );
}
