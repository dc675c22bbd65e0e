import { text } from '../lib/text';
import type { Snapshot, UploadItem } from '../upload/types';
import { formatLeft, formatSize, percentOf } from './format';

/** Problems that another folder or name would solve. */
const elsewhereHelps: ReadonlySet<string> = new Set([
  'no-parent',
  'not-found',
  'not-a-folder',
  'is-a-folder',
  'exists',
  'precondition-failed',
  'invalid-name',
]);

export function canGoElsewhere(item: UploadItem): boolean {
  return item.state === 'failed' && elsewhereHelps.has(item.problem?.code ?? '');
}

/** How one file is doing, in a few words. */
export function itemWords(item: UploadItem): string {
  const { state, acked, sent, size } = item;
  const words = text.panel.state;
  const amount = text.panel.amount(formatSize(acked), formatSize(size));
  switch (state) {
    case 'waiting':
      return `${words.waiting}, ${formatSize(size)}`;
    case 'sending':
      return size > 0 && sent >= size && acked >= size ? words.finishing : amount;
    case 'retrying':
      return item.problem
        ? `${words.retrying}: ${item.problem.title}`
        : `${words.retrying}, ${amount}`;
    case 'paused':
      return `${words.paused}, ${amount}`;
    case 'done':
      return `${words.done}, ${formatSize(size)}`;
    case 'failed':
      return item.problem?.title ?? words.failed;
    case 'skipped':
      return item.problem?.title ?? words.skipped;
  }
}

/** What the panel is about now: its heading. */
export function panelTitle({ totals, reading }: Snapshot): string {
  const { files, done, failed, open, paused, waits } = totals;
  if (open > 0) {
    if (waits === 'signin') return text.panel.signIn;
    if (paused) return text.panel.paused(open);
    if (waits === 'offline') return text.panel.offline;
    return files === 1 ? text.panel.uploadingOne : text.panel.uploading(done, files);
  }
  if (reading !== undefined) return text.panel.reading(reading);
  if (failed > 0) return text.panel.failed(failed);
  return done > 0 ? text.panel.done(done) : text.panel.nothing;
}

/** Amount, speed and time left, below the heading. */
export function panelDetail({ totals, reading }: Snapshot): string {
  const { acked, bytes, speed, secondsLeft, open, paused, waits, failed, done } = totals;
  if (open === 0) return failed > 0 && done > 0 ? text.panel.done(done) : '';
  if (waits === 'offline' && !paused) return text.panel.offlineHint;
  const parts = [text.panel.amount(formatSize(acked), formatSize(bytes))];
  if (!paused && waits === 'no') {
    if (speed > 0) parts.push(text.panel.speed(formatSize(speed)));
    if (secondsLeft !== undefined) parts.push(text.panel.left(formatLeft(secondsLeft)));
  }
  if (reading !== undefined) parts.push(text.panel.reading(reading));
  return parts.join(' · ');
}

/** All uploads in whole percent; undefined while none is open, or it is not known how many. */
export function totalPercent({ totals, reading }: Snapshot): number | undefined {
  if (totals.open === 0 || reading !== undefined) return undefined;
  return totals.bytes > 0
    ? percentOf(totals.acked, totals.bytes)
    : percentOf(totals.done, totals.files);
}

const rank = { failed: 0, sending: 1, retrying: 1, paused: 1, waiting: 2, done: 3, skipped: 3 };

/** What needs an eye first: failed, on the way, waiting, finished; else in the order they came. */
export function inOrder(items: readonly UploadItem[]): readonly UploadItem[] {
  const groups: UploadItem[][] = [[], [], [], []];
  for (const item of items) groups[rank[item.state]]?.push(item);
  return groups.flat();
}
