import { defaultRangeExtractor, type Range, useVirtualizer } from '@tanstack/react-virtual';
import {
  type KeyboardEvent,
  type ReactNode,
  useCallback,
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
} from 'react';
import type { Row, Selection } from '../actions/types';
import styles from './file-grid.module.css';
import { GridMenu, type MenuItems } from './grid-menu';
import { clearOfDock } from './use-dock';
import { rem } from './use-media';
import { useObservable } from './use-observable';
import { useTypeAhead } from './use-type-ahead';

/** Where and how a row is shown. */
export interface RowPlace {
  readonly at: number;
  /** Pixels. */
  readonly top: number;
  readonly height: number;
  readonly chosen: boolean;
  /** The one row that Tab stops at. */
  readonly focused: boolean;
}

interface ListGridProps<T extends Row> {
  label: string;
  rows: readonly T[];
  selection: Selection;
  menu: MenuItems;
  head: ReactNode;
  row: (entry: T, place: RowPlace) => ReactNode;
  /** Of a row, in rem. */
  height: number;
  className?: string | undefined;
  busy: boolean;
  /** Another list begins at its top. */
  which?: string;
  /** Enter on a row. */
  onOpen?: (entry: T) => void;
  /** The last row is in sight. */
  onEnd?: (() => void) | undefined;
}

/** A list: an ARIA grid of which only the rows in sight are in the page. */
export function ListGrid<T extends Row>(props: ListGridProps<T>) {
  const { rows, onEnd } = props;
  const selection = useObservable(props.selection);
  const scroller = useRef<HTMLDivElement>(null);

  const rowHeight = useMemo(() => rem(props.height), [props.height]);
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
  }, [props.which]);
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? -1;
  useEffect(() => {
    if (last >= rows.length - 1) onEnd?.();
  }, [last, rows.length, onEnd]);

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

  const typeAhead = useTypeAhead(rows, focusAt, props.selection);

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
      props.selection.move(by, event.shiftKey);
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
        return props.selection.none();
      case ' ':
        if (target.matches('input, button')) return;
        event.preventDefault();
        return row && props.selection.choose(row.id, event.shiftKey ? 'range' : 'toggle');
      case 'Enter':
        if (target.matches('button') || inHead || event.ctrlKey || event.metaKey) return;
        event.preventDefault();
        return row && props.onOpen?.(row);
      default:
        if (!inHead && typeAhead(event)) event.preventDefault();
    }
  };

  return (
    <GridMenu selection={props.selection} items={props.menu}>
      {/* biome-ignore lint/a11y/useSemanticElements: rows at computed places cannot be a table */}
      <div
        ref={scroller}
        role="grid"
        aria-label={props.label}
        aria-rowcount={onEnd ? -1 : rows.length + 1}
        aria-multiselectable="true"
        aria-busy={props.busy || undefined}
        className={`${styles.grid} ${props.className ?? ''}`}
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
          if (event.button === 0 && event.pointerType !== 'touch') props.selection.none();
        }}
      >
        {props.head}
        {/* biome-ignore lint/a11y/useSemanticElements: rows at computed places cannot be a table */}
        <div
          role="rowgroup"
          className={styles.rows}
          data-background=""
          style={{ height: virtual.getTotalSize() }}
        >
          {items.map((item) => {
            const entry = rows[item.index];
            return (
              entry &&
              props.row(entry, {
                at: item.index,
                top: item.start - headHeight,
                height: rowHeight,
                chosen: selection.ids.has(entry.id),
                focused: item.index === focusAt,
              })
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
