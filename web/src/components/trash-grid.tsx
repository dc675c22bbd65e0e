import { text } from '../lib/text';
import { useApp } from './app-context';
import { ChooseAll } from './choose-all';
import styles from './file-grid.module.css';
import type { MenuItems } from './grid-menu';
import { ListGrid } from './list-grid';
import { TrashRow } from './trash-row';
import { narrow, useMedia } from './use-media';
import { useObservable } from './use-observable';

const menu: MenuItems = {
  ofRows: ['restore', 'restore-to', 'line', 'purge'],
  ofSpace: ['select-all', 'refresh', 'line', 'empty-trash'],
};

/** The list of what was deleted, newest first; its end is read when it comes into sight. */
export function TrashGrid() {
  const app = useApp();
  const { rows, more, refreshing } = useObservable(app.trash);
  const small = useMedia(narrow);
  return (
    <ListGrid
      label={text.trash.grid}
      rows={rows}
      selection={app.trashSelection}
      menu={menu}
      head={<TrashHead />}
      height={small ? 5 : 2.75}
      className={styles.trash}
      busy={refreshing}
      onEnd={more ? app.moreTrash : undefined}
      row={(entry, place) => <TrashRow key={entry.id} entry={entry} {...place} />}
    />
  );
}

/** Choose all, and what the columns are. */
function TrashHead() {
  const app = useApp();
  const { rows } = useObservable(app.trash);
  return (
    // biome-ignore-start lint/a11y/useSemanticElements: as the rows
    // biome-ignore-start lint/a11y/useFocusableInteractive: the box in it is
    <div role="rowgroup" className={styles.head}>
      <div role="row" aria-rowindex={1} className={styles.headRow}>
        <div role="columnheader" className={styles.check}>
          <ChooseAll rows={rows} selection={app.trashSelection} />
        </div>
        <div role="columnheader" className={styles.name}>
          {text.files.name}
        </div>
        <div role="columnheader" className={styles.from}>
          {text.trash.from}
        </div>
        <div role="columnheader" className={styles.size}>
          {text.files.size}
        </div>
        <div role="columnheader" aria-sort="descending" className={styles.mtime}>
          {text.trash.deleted}
        </div>
        <div role="columnheader" className={styles.more}>
          <span className="visually-hidden">{text.files.moreColumn}</span>
        </div>
      </div>
    </div>
    // biome-ignore-end lint/a11y/useFocusableInteractive: the box in it is
    // biome-ignore-end lint/a11y/useSemanticElements: as the rows
  );
}
