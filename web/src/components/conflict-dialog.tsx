import { text } from '../lib/text';
import type { Conflict, ConflictChoice } from '../upload/types';
import { useApp } from './app-context';
import styles from './conflict-dialog.module.css';
import { formatDate, formatSize } from './format';
import { KindIcon } from './kind-icon';
import { Modal } from './modal';

const shown = 4;

const choices: readonly { readonly choice: ConflictChoice; label: string; hint: string }[] = [
  { choice: 'replace', label: text.conflict.replace, hint: text.conflict.replaceHint },
  { choice: 'both', label: text.conflict.both, hint: text.conflict.bothHint },
  { choice: 'skip', label: text.conflict.skip, hint: text.conflict.skipHint },
];

/** Names that exist: asked once for all of a drop. */
export function ConflictDialog({ conflicts }: { conflicts: readonly Conflict[] }) {
  const app = useApp();
  const more = conflicts.length - shown;
  // A file cannot take the place of a folder: it gets a number instead.
  const folders = conflicts.filter(({ there }) => there.folder).length;
  const possible = choices.filter(
    ({ choice }) => choice !== 'replace' || folders < conflicts.length,
  );
  return (
    <Modal
      wide
      title={text.conflict.title(conflicts.length)}
      description={text.conflict.body(conflicts.length)}
      onClose={() => app.uploads.resolve(undefined)}
    >
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, by keyboard too */}
      <ul className={styles.list} tabIndex={0}>
        {conflicts.slice(0, more === 1 ? shown + 1 : shown).map((conflict) => (
          <ConflictRow key={conflict.path} conflict={conflict} />
        ))}
        {more > 1 && <li className={styles.more}>{text.conflict.more(more)}</li>}
      </ul>
      <div className={styles.choices}>
        {possible.map(({ choice, label, hint }) => (
          <button
            key={choice}
            type="button"
            className={styles.choice}
            onClick={() => app.uploads.resolve(choice)}
          >
            <strong>{label}</strong>
            <span>
              {hint}
              {choice === 'replace' && folders > 0 && ` ${text.conflict.foldersHint(folders)}`}
            </span>
          </button>
        ))}
      </div>
    </Modal>
  );
}

function ConflictRow({ conflict }: { conflict: Conflict }) {
  const { path, there, size, mtime } = conflict;
  const name = path.split('/').pop() ?? path;
  return (
    <li className={styles.row}>
      <KindIcon name={name} folder={there.folder} />
      <div className={styles.what}>
        <p className={styles.name} title={path}>
          <bdi>{path}</bdi>
        </p>
        <dl className={styles.versions}>
          <div>
            <dt>{text.conflict.there}</dt>
            <dd>
              {there.folder ? text.conflict.folder : formatSize(there.size)},{' '}
              {formatDate(there.mtime)}
            </dd>
          </div>
          <div>
            <dt>{text.conflict.yours}</dt>
            <dd>
              {formatSize(size)}, {formatDate(mtime)}
            </dd>
          </div>
        </dl>
      </div>
    </li>
  );
}
