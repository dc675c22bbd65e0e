import { useVirtualizer } from '@tanstack/react-virtual';
import { useCallback, useEffect, useLayoutEffect, useReducer, useRef, useState } from 'react';
import { text } from '../lib/text';
import type { UploadItem } from '../upload/types';
import { calm, createCalmOrder, rowNow } from './calm-order';
import { RedirectDialog } from './redirect-dialog';
import styles from './upload-list.module.css';
import { UploadRow } from './upload-row';
import { rem } from './use-media';

const keyOf = (row: UploadItem | undefined) => row && (row.state === 'failed' ? -row.id : row.id);

/** One bar a file; only those in sight are in the page. failed: how many have failed. */
export function UploadList({ items, failed }: { items: readonly UploadItem[]; failed: number }) {
  const scroller = useRef<HTMLDivElement>(null);
  const [redirecting, redirect] = useState<UploadItem | undefined>(undefined);
  const [order] = useState(createCalmOrder);
  const [, look] = useReducer((n: number) => n + 1, 0);
  const rows = order(items, failed, Date.now());
  const [usual, setUsual] = useState(() => rem(4.25));
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: (at) => (rows[at]?.state === 'failed' ? 2 * usual : usual),
    // The same function for the same rows: with another one all are measured anew. What was
    // measured of one that failed does not hold when it goes on.
    // biome-ignore lint/correctness/useExhaustiveDependencies: measured anew with another height
    getItemKey: useCallback((at: number) => keyOf(rows[at]) ?? `at ${at}`, [rows, usual]),
    overscan: 4,
  });

  // All but those that failed are as high as one another, whatever the contrast and the font.
  // biome-ignore lint/correctness/useExhaustiveDependencies: looked at with other rows
  useLayoutEffect(() => {
    const plain = scroller.current?.querySelector('li[data-plain]');
    if (plain) setUsual(plain.getBoundingClientRect().height);
  }, [rows]);

  // After the last change the order is of before it.
  // biome-ignore lint/correctness/useExhaustiveDependencies: of these items
  useEffect(() => {
    const timer = setTimeout(look, calm);
    return () => clearTimeout(timer);
  }, [items]);

  return (
    // biome-ignore-start lint/a11y/noNoninteractiveTabindex: it scrolls, by keyboard too
    // biome-ignore-start lint/a11y/useSemanticElements: not a fieldset: nothing is filled in
    <div
      ref={scroller}
      className={styles.scroller}
      tabIndex={0}
      role="group"
      aria-label={text.panel.list}
    >
      <ul className={styles.list} style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map((place) => {
          const row = rows[place.index];
          const item = row && rowNow(items, row);
          return (
            item && (
              <li
                key={item.id}
                // To ask each for its height lays out the page as often.
                ref={row.state === 'failed' ? virtual.measureElement : undefined}
                data-plain={item.state === 'failed' || row.state === 'failed' ? undefined : ''}
                data-index={place.index}
                aria-setsize={rows.length}
                aria-posinset={place.index + 1}
                className={styles.item}
                style={{ transform: `translateY(${place.start}px)` }}
              >
                <UploadRow item={item} onRedirect={redirect} />
              </li>
            )
          );
        })}
      </ul>
      {redirecting && <RedirectDialog item={redirecting} onClose={() => redirect(undefined)} />}
    </div>
    // biome-ignore-end lint/a11y/useSemanticElements: not a fieldset: nothing is filled in
    // biome-ignore-end lint/a11y/noNoninteractiveTabindex: it scrolls, by keyboard too
  );
}
