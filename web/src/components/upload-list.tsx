import { useVirtualizer } from '@tanstack/react-virtual';
import { useMemo, useRef, useState } from 'react';
import { text } from '../lib/text';
import type { UploadItem } from '../upload/types';
import { RedirectDialog } from './redirect-dialog';
import styles from './upload-list.module.css';
import { UploadRow } from './upload-row';
import { inOrder } from './upload-words';
import { rem } from './use-media';

/** One bar a file; only those in sight are in the page. */
export function UploadList({ items }: { items: readonly UploadItem[] }) {
  const scroller = useRef<HTMLDivElement>(null);
  const [redirecting, redirect] = useState<UploadItem | undefined>(undefined);
  const ordered = useMemo(() => inOrder(items), [items]);
  const [usual, failed] = useMemo(() => [rem(4.25), rem(8)], []);
  const virtual = useVirtualizer({
    count: ordered.length,
    getScrollElement: () => scroller.current,
    estimateSize: (at) => (ordered[at]?.state === 'failed' ? failed : usual),
    getItemKey: (at) => ordered[at]?.id ?? at,
    overscan: 4,
  });

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
          const item = ordered[place.index];
          return (
            item && (
              <li
                key={item.id}
                ref={virtual.measureElement}
                data-index={place.index}
                aria-setsize={ordered.length}
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
