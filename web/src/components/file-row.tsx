import { type MouseEvent, memo, useRef } from 'react';
import type { Tree } from '../actions/types';
import type { Entry } from '../api/types';
import { text } from '../lib/text';
import { useApp } from './app-context';
import styles from './file-grid.module.css';
import { FileName } from './file-name';
import { formatDate, formatFullDate, formatSize } from './format';
import { KindIcon } from './kind-icon';
import type { RowPlace } from './list-grid';
import { openEntry } from './open-entry';
import { CheckCell, MoreCell } from './row-cells';

interface FileRowProps extends RowPlace {
  tree: Tree;
  entry: Entry;
  path: string;
  /** A drop would go into it. */
  dropping: boolean;
}

export const FileRow = memo(function FileRow(props: FileRowProps) {
  const { tree, entry, path, at, top, height, chosen, focused, dropping } = props;
  const app = useApp();
  const touched = useRef(false);
  const { name, folder } = entry;
  const href = folder ? app.href(tree.route(path)) : tree.contentHref(path, false);
  const cell = { name, focused };

  const onClick = (event: MouseEvent<HTMLElement>) => {
    const target = event.target as HTMLElement;
    if (target.closest('label, button')) return;
    const link = target.closest('a');
    const byPointer = event.detail > 0;
    if (byPointer && !touched.current) {
      event.preventDefault();
      const how = event.shiftKey ? 'range' : event.ctrlKey || event.metaKey ? 'toggle' : 'only';
      tree.selection.choose(entry.id, how);
    } else if (folder) {
      event.preventDefault();
      app.go(tree.route(path));
    } else if (!link) {
      openEntry(app, tree, entry);
    } // else the link itself, which opens the file beside this page
  };

  return (
    // biome-ignore-start lint/a11y/useSemanticElements: see FileGrid
    // biome-ignore-start lint/a11y/useFocusableInteractive: the row has the focus, not its cells
    // biome-ignore-start lint/a11y/useKeyWithClickEvents: FileGrid has the keys
    <div
      role="row"
      aria-rowindex={at + 2}
      aria-selected={chosen}
      tabIndex={focused ? 0 : -1}
      className={`${styles.row} ${dropping ? styles.dropping : ''}`}
      style={{ height, transform: `translateY(${top}px)` }}
      data-testid="file-row"
      data-name={name}
      data-row={entry.id}
      data-drop-folder={folder && !tree.past ? path : undefined}
      onPointerDown={(event) => {
        touched.current = event.pointerType === 'touch';
      }}
      onClick={onClick}
      onDoubleClick={(event) => {
        const inControl = (event.target as HTMLElement).closest('label, button');
        const plain = !event.shiftKey && !event.ctrlKey && !event.metaKey;
        if (plain && !inControl && !touched.current) openEntry(app, tree, entry);
      }}
    >
      <CheckCell {...cell} chosen={chosen} choose={(how) => tree.selection.choose(entry.id, how)} />
      <div role="gridcell" className={styles.name}>
        <KindIcon name={name} folder={folder} />
        <a
          href={href}
          tabIndex={-1}
          title={name}
          draggable={false}
          {...(folder ? {} : { target: '_blank', rel: 'noopener' })}
        >
          <FileName name={name} />
          {folder && <span className="visually-hidden">{text.files.folderKind}</span>}
        </a>
      </div>
      <div role="gridcell" className={styles.size}>
        {folder && tree.past ? <NoSize /> : formatSize(entry.size)}
      </div>
      <div role="gridcell" className={styles.mtime}>
        <time dateTime={new Date(entry.mtime).toISOString()} title={formatFullDate(entry.mtime)}>
          {formatDate(entry.mtime)}
        </time>
      </div>
      <MoreCell {...cell} />
    </div>
    // biome-ignore-end lint/a11y/useKeyWithClickEvents: FileGrid has the keys
    // biome-ignore-end lint/a11y/useFocusableInteractive: the row has the focus, not its cells
    // biome-ignore-end lint/a11y/useSemanticElements: see FileGrid
  );
});

/** Of folders in a snapshot nobody added up what they hold. */
function NoSize() {
  return (
    <>
      <span aria-hidden="true" title={text.snapshots.unknownSize}>
        –
      </span>
      <span className="visually-hidden">{text.snapshots.unknownSize}</span>
    </>
  );
}
