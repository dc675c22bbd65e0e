import { type MouseEvent, memo, useRef } from 'react';
import type { TrashEntry } from '../api/types';
import { text } from '../lib/text';
import { useApp } from './app-context';
import styles from './file-grid.module.css';
import { FileName } from './file-name';
import { formatDate, formatFullDate, formatSize } from './format';
import { KindIcon } from './kind-icon';
import type { RowPlace } from './list-grid';
import { CheckCell, MoreCell } from './row-cells';

interface TrashRowProps extends RowPlace {
  entry: TrashEntry;
}

/** What was deleted, where it was and when. It cannot be opened: a press chooses it. */
export const TrashRow = memo(function TrashRow(props: TrashRowProps) {
  const { entry, at, top, height, chosen, focused } = props;
  const { trashSelection } = useApp();
  const touched = useRef(false);
  const { id, name, folder, deleted, by } = entry;
  const from = entry.from || text.files.top;
  const when = formatFullDate(deleted);
  const cell = { name, focused };

  const onClick = (event: MouseEvent<HTMLElement>) => {
    if ((event.target as HTMLElement).closest('label, button')) return;
    const adds = touched.current || event.ctrlKey || event.metaKey;
    trashSelection.choose(id, event.shiftKey ? 'range' : adds ? 'toggle' : 'only');
  };

  return (
    // biome-ignore-start lint/a11y/useSemanticElements: see ListGrid
    // biome-ignore-start lint/a11y/useFocusableInteractive: the row has the focus, not its cells
    // biome-ignore-start lint/a11y/useKeyWithClickEvents: ListGrid has the keys
    <div
      role="row"
      aria-rowindex={at + 2}
      aria-selected={chosen}
      tabIndex={focused ? 0 : -1}
      className={styles.row}
      style={{ height, transform: `translateY(${top}px)` }}
      data-testid="trash-row"
      data-name={name}
      data-row={id}
      onPointerDown={(event) => {
        touched.current = event.pointerType === 'touch';
      }}
      onClick={onClick}
    >
      <CheckCell {...cell} chosen={chosen} choose={(how) => trashSelection.choose(id, how)} />
      <div role="gridcell" className={styles.name} title={name}>
        <KindIcon name={name} folder={folder} />
        <FileName name={name} />
        {folder && <span className="visually-hidden">{text.files.folderKind}</span>}
      </div>
      <div role="gridcell" className={styles.from} title={from}>
        <bdi>{from}</bdi>
        {entry.gone && <span>{text.trash.gone}</span>}
      </div>
      <div role="gridcell" className={styles.size}>
        {formatSize(entry.size)}
      </div>
      <div role="gridcell" className={styles.mtime}>
        <time
          dateTime={new Date(deleted).toISOString()}
          title={by === null ? when : text.trash.deletedBy(when, by)}
        >
          {formatDate(deleted)}
        </time>
      </div>
      <MoreCell {...cell} />
    </div>
    // biome-ignore-end lint/a11y/useKeyWithClickEvents: ListGrid has the keys
    // biome-ignore-end lint/a11y/useFocusableInteractive: the row has the focus, not its cells
    // biome-ignore-end lint/a11y/useSemanticElements: see ListGrid
  );
});
