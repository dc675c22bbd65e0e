import { ChevronRight, Folder, FolderOpen, House } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import type { Entry } from '../api/types';
import { text } from '../lib/text';
import { useApp } from './app-context';
import styles from './folder-chooser.module.css';

interface FolderChooserProps {
  /** The folder that is open, and so chosen. */
  path: string;
  onPath: (path: string) => void;
  /** Tells whether the folder is there: undefined while that is not known. */
  onFound?: (there: boolean | undefined) => void;
  /** Folders that cannot be chosen, such as one that is being moved. */
  without?: ReadonlySet<string>;
}

/** Walks through the folders one level at a time. */
export function FolderChooser({ path, onPath, onFound, without }: FolderChooserProps) {
  const app = useApp();
  const [found, setFound] = useState<{ path: string; folders: readonly Entry[] | 'failed' }>();
  const list = useRef<HTMLDivElement>(null);
  const moved = useRef(false);

  useEffect(() => {
    let current = true;
    app.folders(path).then(
      (folders) => current && setFound({ path, folders }),
      () => current && setFound({ path, folders: 'failed' }),
    );
    return () => {
      current = false;
    };
  }, [app, path]);

  const folders = found?.path === path ? found.folders : undefined;
  const there = folders && folders !== 'failed';
  useEffect(() => onFound?.(there), [onFound, there]);
  // Opening a folder takes the button away that had the focus.
  useEffect(() => {
    if (folders && moved.current) list.current?.focus();
  }, [folders]);

  const open = (to: string) => {
    moved.current = true;
    onPath(to);
  };
  const parts = path === '' ? [] : path.split('/');

  return (
    <div className={styles.chooser}>
      <nav aria-label={text.files.breadcrumbs} className={styles.crumbs}>
        <button type="button" onClick={() => open('')} aria-label={text.files.top}>
          <House aria-hidden="true" />
        </button>
        {parts.map((name, i) => {
          const to = parts.slice(0, i + 1).join('/');
          return (
            <span key={to} className={styles.crumb}>
              <ChevronRight aria-hidden="true" />
              <button
                type="button"
                aria-current={i === parts.length - 1 ? 'location' : undefined}
                onClick={() => open(to)}
              >
                <bdi>{name}</bdi>
              </button>
            </span>
          );
        })}
      </nav>
      {/* biome-ignore lint/a11y/useSemanticElements: not a fieldset: its buttons lead on */}
      <div
        ref={list}
        role="group"
        aria-label={text.dialogs.folders}
        tabIndex={-1}
        className={styles.list}
      >
        {folders === undefined && (
          <p role="status" className={styles.loading}>
            {text.dialogs.loading}
          </p>
        )}
        {folders === 'failed' && (
          <p role="alert" className={styles.none}>
            {text.dialogs.failed}
          </p>
        )}
        {Array.isArray(folders) && folders.length === 0 && (
          <p className={styles.none}>
            <FolderOpen aria-hidden="true" />
            {text.dialogs.noFolders}
          </p>
        )}
        {Array.isArray(folders) &&
          folders.map((folder: Entry) => {
            const to = path === '' ? folder.name : `${path}/${folder.name}`;
            const off = without?.has(to) ?? false;
            return (
              <button
                key={folder.id}
                type="button"
                className={styles.folder}
                disabled={off}
                title={off ? text.dialogs.into : folder.name}
                onClick={() => open(to)}
              >
                <Folder aria-hidden="true" className={styles.icon} />
                <span className={styles.name}>
                  <bdi>{folder.name}</bdi>
                </span>
                <ChevronRight aria-hidden="true" />
              </button>
            );
          })}
      </div>
    </div>
  );
}
