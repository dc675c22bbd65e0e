import { Camera } from 'lucide-react';
import { type MouseEvent, memo, useRef } from 'react';
import type { Snapshot } from '../api/types';
import { text } from '../lib/text';
import { useApp } from './app-context';
import styles from './file-grid.module.css';
import { FileName } from './file-name';
import { formatDate, formatFullDate } from './format';
import type { RowPlace } from './list-grid';
import { openSnapshot } from './open-entry';
import { CheckCell, MoreCell } from './row-cells';
import own from './snapshot-row.module.css';

interface SnapshotRowProps extends RowPlace {
  snapshot: Snapshot;
}

/** One snapshot: its name, which leads into it, who took it and when. */
export const SnapshotRow = memo(function SnapshotRow(props: SnapshotRowProps) {
  const { snapshot, at, top, height, chosen, focused } = props;
  const app = useApp();
  const touched = useRef(false);
  const { id, name, created, by } = snapshot;
  const cell = { name, focused };

  const onClick = (event: MouseEvent<HTMLElement>) => {
    if ((event.target as HTMLElement).closest('label, button')) return;
    event.preventDefault();
    if (event.detail === 0 || touched.current) return openSnapshot(app, snapshot);
    const how = event.shiftKey ? 'range' : event.ctrlKey || event.metaKey ? 'toggle' : 'only';
    app.snapshotSelection.choose(id, how);
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
      data-testid="snapshot-row"
      data-name={name}
      data-row={id}
      onPointerDown={(event) => {
        touched.current = event.pointerType === 'touch';
      }}
      onClick={onClick}
      onDoubleClick={(event) => {
        const inControl = (event.target as HTMLElement).closest('label, button');
        const plain = !event.shiftKey && !event.ctrlKey && !event.metaKey;
        if (plain && !inControl && !touched.current) openSnapshot(app, snapshot);
      }}
    >
      <CheckCell
        {...cell}
        chosen={chosen}
        choose={(how) => app.snapshotSelection.choose(id, how)}
      />
      <div role="gridcell" className={styles.name}>
        <Camera aria-hidden="true" className={own.icon} />
        <a
          href={app.href({ view: 'snapshot', id, path: '' })}
          tabIndex={-1}
          title={name}
          draggable={false}
        >
          <FileName name={name} />
        </a>
      </div>
      <div role="gridcell" className={styles.by}>
        <bdi>{by ?? text.versions.someone}</bdi>
      </div>
      <div role="gridcell" className={styles.mtime}>
        <time dateTime={new Date(created).toISOString()} title={formatFullDate(created)}>
          {formatDate(created)}
        </time>
      </div>
      <MoreCell {...cell} />
    </div>
    // biome-ignore-end lint/a11y/useKeyWithClickEvents: ListGrid has the keys
    // biome-ignore-end lint/a11y/useFocusableInteractive: the row has the focus, not its cells
    // biome-ignore-end lint/a11y/useSemanticElements: see ListGrid
  );
});
