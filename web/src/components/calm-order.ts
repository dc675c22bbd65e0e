import type { UploadItem } from '../upload/types';
import { inOrder } from './upload-words';

/** So many rows are put in order whenever something changed. */
const few = 50;
/** Milliseconds that more of them stay where they are. */
export const calm = 1000;

/**
 * The order of the rows, for each snapshot's items, of which so many have failed. Many rows
 * keep it for a second, or until another one fails: a list of small files would be another
 * one ten times a second. Each row is of the time when the order was made: rowNow() is what
 * it has become.
 */
export type CalmOrder = (
  items: readonly UploadItem[],
  failed: number,
  now: number,
) => readonly UploadItem[];

export function createCalmOrder(): CalmOrder {
  let rows: readonly UploadItem[] = [];
  let made = Number.NEGATIVE_INFINITY;
  let known = 0;
  let last: number | undefined;
  let broken = 0;
  return (items, failed, now) => {
    // Whatever is taken away moves those behind it.
    const fewer = known > 0 && items[known - 1]?.id !== last;
    const same = items.length > few && !fewer && failed === broken;
    if (same && now >= made && now < made + calm) return rows;
    rows = inOrder(items);
    made = now;
    known = items.length;
    last = items.at(-1)?.id;
    broken = failed;
    return rows;
  };
}

/** What a row of former items is now; their ids ascend. */
export function rowNow(items: readonly UploadItem[], row: UploadItem): UploadItem | undefined {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const mid = (low + high) >> 1;
    if ((items[mid]?.id ?? 0) < row.id) low = mid + 1;
    else high = mid;
  }
  const found = items[low];
  return found?.id === row.id ? found : undefined;
}
