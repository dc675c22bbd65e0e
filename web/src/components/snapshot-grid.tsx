import { text } from '../lib/text';
import { useApp } from './app-context';
import { ChooseAll } from './choose-all';
import styles from './file-grid.module.css';
import type { MenuItems } from './grid-menu';
import { ListGrid } from './list-grid';
import { openSnapshot } from './open-entry';
import { SnapshotRow } from './snapshot-row';
import { narrow, useMedia } from './use-media';
import { useObservable } from './use-observable';

const menu: MenuItems = {
  ofRows: ['open', 'bring-back', 'line', 'drop-snapshot'],
  ofSpace: ['take-snapshot', 'line', 'select-all', 'refresh'],
};

/** The list of snapshots, newest first. */
export function SnapshotGrid() {
  const app = useApp();
  const { rows, refreshing } = useObservable(app.snapshots);
  const small = useMedia(narrow);
  return (
    <ListGrid
      label={text.snapshots.grid}
      rows={rows}
      selection={app.snapshotSelection}
      menu={menu}
      head={<SnapshotHead />}
      height={small ? 3.75 : 2.75}
      className={styles.snapshots}
      busy={refreshing}
      onOpen={(snapshot) => openSnapshot(app, snapshot)}
      row={(snapshot, place) => <SnapshotRow key={snapshot.id} snapshot={snapshot} {...place} />}
    />
  );
}

/** Choose all, and what the columns are. */
function SnapshotHead() {
  const app = useApp();
  const { rows } = useObservable(app.snapshots);
  return (
    // biome-ignore-start lint/a11y/useSemanticElements: as the rows
    // biome-ignore-start lint/a11y/useFocusableInteractive: the box in it is
    <div role="rowgroup" className={styles.head}>
      <div role="row" aria-rowindex={1} className={styles.headRow}>
        <div role="columnheader" className={styles.check}>
          <ChooseAll rows={rows} selection={app.snapshotSelection} />
        </div>
        <div role="columnheader" className={styles.name}>
          {text.files.name}
        </div>
        <div role="columnheader" className={styles.by}>
          {text.snapshots.by}
        </div>
        <div role="columnheader" aria-sort="descending" className={styles.mtime}>
          {text.snapshots.taken}
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
