import { useVirtualizer } from '@tanstack/react-virtual';
import { useCallback, useEffect, useMemo, useReducer, useRef, useState } from 'react';
import { text } from '../lib/text';
import type { UploadItem } from '../upload/types';
import { calm, createCalmOrder, rowNow } from './calm-order';
import { RedirectDialog } from './redirect-dialog';
import styles from './upload-list.module.css';
import { UploadRow } from './upload-row';
import { rem } from './use-media';

/** One bar a file; only those in sight are in the page. */
export function UploadList({ items }: { items: readonly UploadItem[] }) {
  const scroller = useRef<HTMLDivElement>(null);
  const [redirecting, redirect] = useState<UploadItem | undefined>(undefined);
  const [order] = useState(createCalmOrder);
  const [, look] = useReducer((n: number) => n + 1, 0);
  const rows = order(items, Date.now());
  const [usual, failed] = useMemo(() => [rem(4.25), rem(8)], []);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: (at) => (rows[at]?.state === 'failed' ? failed : usual),
    // The same function for the same rows: with another one all are measured anew.
    getItemKey: useCallback((at: number) => rows[at]?.id ?? at, [rows]),
    overscan: 4,
  });

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
                ref={virtual.measureElement}
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
