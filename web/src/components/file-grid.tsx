import { defaultRangeExtractor, type Range, useVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, useCallback, useLayoutEffect, useMemo, useRef } from 'react';
import { text } from '../lib/text';
import { useApp } from './app-context';
import styles from './file-grid.module.css';
import { FileHead } from './file-head';
import { FileRow } from './file-row';
import { GridMenu } from './grid-menu';
import { openEntry } from './open-entry';
import { clearOfDock } from './use-dock';
import { narrow, rem, useMedia } from './use-media';
import { useObservable } from './use-observable';
import { useTypeAhead } from './use-type-ahead';

interface FileGridProps {
  /** Path of the folder row that a drop would go into. */
  dropping: string | undefined;
}

/** The list of a folder: an ARIA grid of which only the rows in sight are in the page. */
export function FileGrid({ dropping }: FileGridProps) {
  const app = useApp();
  const view = useObservable(app.folder);
  const selection = useObservable(app.selection);
  const small = useMedia(narrow);
  const scroller = useRef<HTMLDivElement>(null);
  const { rows, path } = view;

  const rowHeight = useMemo(() => rem(small ? 3.75 : 2.75), [small]);
  const headHeight = useMemo(() => rem(2.75), []);
  const focusAt = useMemo(() => {
    const at = rows.findIndex((row) => row.id === selection.focus);
    return at < 0 ? 0 : at;
  }, [rows, selection.focus]);

  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    getItemKey: useCallback((at: number) => rows[at]?.id ?? at, [rows]),
    overscan: 8,
    scrollMargin: headHeight,
    scrollPaddingStart: headHeight,
    // The row with the focus stays in the page, or the focus would be lost with it.
    rangeExtractor: useCallback(
      (range: Range) => {
        const shown = defaultRangeExtractor(range);
        if (focusAt < range.count && !shown.includes(focusAt)) shown.push(focusAt);
        return shown.sort((a, b) => a - b);
      },
      [focusAt],
    ),
  });

  // biome-ignore lint/correctness/useExhaustiveDependencies: another height measures anew
  useLayoutEffect(() => virtual.measure(), [rowHeight]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another folder begins at its top
  useLayoutEffect(() => {
    scroller.current?.scrollTo({ top: 0 });
  }, [path]);

  const hadFocus = useRef(false);
  // The focus of the page follows the focus of the selection, and moves on when its row goes.
  // biome-ignore lint/correctness/useExhaustiveDependencies: rows and focus are what it follows
  useLayoutEffect(() => {
    const grid = scroller.current;
    const active = document.activeElement;
    const lost = hadFocus.current && (active === document.body || active === null);
    if (!grid || !(lost || grid.contains(active))) return;
    const row = grid.querySelector<HTMLElement>('[role="row"][tabindex="0"]');
    if (!row || (active !== grid && row.contains(active))) return;
    if (!lost && active?.closest('[role="row"]')?.matches('[aria-rowindex="1"]')) return;
    virtual.scrollToIndex(focusAt);
    row.focus({ preventScroll: true });
    requestAnimationFrame(() => clearOfDock(row, grid));
  }, [selection.focus, rows]);

  const typeAhead = useTypeAhead(rows, focusAt);

  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>) => {
    const target = event.target as HTMLElement;
    const inHead = target.closest('[aria-rowindex="1"]') !== null;
    if (event.defaultPrevented || event.altKey) return;
    const page = Math.max(
      1,
      Math.floor(((scroller.current?.clientHeight ?? 0) - headHeight) / rowHeight) - 1,
    );
    const go = (by: number | 'first' | 'last') => {
      event.preventDefault();
      app.selection.move(by, event.shiftKey);
    };
    const row = rows[focusAt];
    switch (event.key) {
      case 'ArrowDown':
        if (!inHead) return go(selection.focus === undefined ? 'first' : 1);
        event.preventDefault();
        return focusRow(scroller.current);
      case 'ArrowUp':
        return go(-1);
      case 'PageDown':
        return go(page);
      case 'PageUp':
        return go(-page);
      case 'Home':
        return go('first');
      case 'End':
        return go('last');
      case 'Escape':
        if (selection.ids.size === 0) return;
        event.preventDefault();
        return app.selection.none();
      case ' ':
        if (target.matches('input, button')) return;
        event.preventDefault();
        return row && app.selection.choose(row.id, event.shiftKey ? 'range' : 'toggle');
      case 'Enter':
        if (target.matches('button') || inHead || event.ctrlKey || event.metaKey) return;
        event.preventDefault();
        return row && openEntry(app, row);
      default:
        if (!inHead && typeAhead(event)) event.preventDefault();
    }
  };

  const where = path.split('/').pop() || text.files.top;
  return (
    <GridMenu>
      {/* biome-ignore lint/a11y/useSemanticElements: rows at computed places cannot be a table */}
      <div
        ref={scroller}
        role="grid"
        aria-label={text.files.grid(where)}
        aria-rowcount={rows.length + 1}
        aria-multiselectable="true"
        aria-busy={view.refreshing || undefined}
        className={styles.grid}
        onKeyDown={onKeyDown}
        onFocus={() => {
          hadFocus.current = true;
        }}
        onBlur={(event) => {
          // A row that goes takes the focus with it without a next one.
          if (event.relatedTarget)
            hadFocus.current = event.currentTarget.contains(event.relatedTarget);
        }}
        onPointerDown={(event) => {
          if (event.target !== event.currentTarget && !isBackground(event.target)) return;
          if (event.button === 0 && event.pointerType !== 'touch') app.selection.none();
        }}
      >
        <FileHead />
        {/* biome-ignore lint/a11y/useSemanticElements: rows at computed places cannot be a table */}
        <div
          role="rowgroup"
          className={styles.rows}
          data-background=""
          style={{ height: virtual.getTotalSize() }}
        >
          {virtual.getVirtualItems().map((item) => {
            const entry = rows[item.index];
            const rowPath = path && entry ? `${path}/${entry.name}` : (entry?.name ?? '');
            return (
              entry && (
                <FileRow
                  key={entry.id}
                  entry={entry}
                  path={rowPath}
                  at={item.index}
                  top={item.start - headHeight}
                  height={rowHeight}
                  chosen={selection.ids.has(entry.id)}
                  focused={item.index === focusAt}
                  dropping={dropping === rowPath}
                />
              )
            );
          })}
        </div>
      </div>
    </GridMenu>
  );
}

function focusRow(grid: HTMLElement | null) {
  grid?.querySelector<HTMLElement>('[role="row"][tabindex="0"]')?.focus();
}

function isBackground(target: EventTarget): boolean {
  return target instanceof HTMLElement && target.dataset.background !== undefined;
}
