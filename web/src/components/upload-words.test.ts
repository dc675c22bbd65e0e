import { describe, expect, it } from 'vitest';
import type { Snapshot, UploadItem, UploadTotals } from '../upload/types';
import {
  canGoElsewhere,
  inOrder,
  itemWords,
  panelDetail,
  panelTitle,
  totalPercent,
} from './upload-words';

const item = (more: Partial<UploadItem>): UploadItem => ({
  id: 1,
  name: 'a',
  folder: '',
  size: 2000,
  acked: 500,
  sent: 1000,
  state: 'sending',
  ...more,
});

const snapshot = (more: Partial<UploadTotals>, reading?: number): Snapshot => ({
  items: [],
  totals: {
    files: 3,
    done: 1,
    failed: 0,
    open: 2,
    bytes: 4000,
    acked: 1000,
    sent: 2000,
    speed: 500,
    secondsLeft: 6,
    paused: false,
    waits: 'no',
    ...more,
  },
  reading,
  conflicts: undefined,
});

const gone = { status: 409, code: 'no-parent', title: 'The folder is gone.' };

describe('itemWords', () => {
  it.each<[Partial<UploadItem>, string]>([
    [{ state: 'waiting' }, 'Waiting, 2.0 kB'],
    [{}, '500 bytes of 2.0 kB'],
    [{ acked: 2000, sent: 2000 }, 'Finishing'],
    [{ acked: 500, sent: 2000 }, '500 bytes of 2.0 kB'],
    [{ state: 'retrying', problem: gone }, 'Trying again: The folder is gone.'],
    [{ state: 'failed', problem: gone }, 'The folder is gone.'],
    [{ state: 'done' }, 'Uploaded, 2.0 kB'],
  ])('%j: %s', (more, want) => expect(itemWords(item(more))).toBe(want));
});

describe('panel', () => {
  it.each<[Partial<UploadTotals>, string, string]>([
    [{}, 'Uploading 1 of 3 files', '1.0 kB of 4.0 kB · 500 bytes/s · 6 seconds left'],
    [{ files: 1 }, 'Uploading 1 file', '1.0 kB of 4.0 kB · 500 bytes/s · 6 seconds left'],
    [{ paused: true }, '2 uploads paused', '1.0 kB of 4.0 kB'],
    [{ waits: 'offline' }, 'Waiting for the server', 'No connection. It goes on by itself.'],
    [{ waits: 'signin' }, 'Waiting until you sign in again', '1.0 kB of 4.0 kB'],
    [{ open: 0, failed: 2 }, '2 uploads failed', '1 file uploaded'],
    [{ open: 0, done: 3 }, '3 files uploaded', ''],
    [{ open: 0, done: 0 }, 'No uploads', ''],
  ])('%j: %s', (more, title, detail) => {
    expect(panelTitle(snapshot(more))).toBe(title);
    expect(panelDetail(snapshot(more))).toBe(detail);
  });

  it('tells how far all are, and nothing when none is open', () => {
    expect(totalPercent(snapshot({}))).toBe(25);
    expect(totalPercent(snapshot({ bytes: 0, acked: 0 }))).toBe(33);
    expect(totalPercent(snapshot({ open: 0 }))).toBeUndefined();
  });
});

it('shows what needs an eye first', () => {
  const states = ['done', 'waiting', 'sending', 'failed', 'paused', 'sending'] as const;
  const items = states.map((state, id) => item({ id, state }));
  expect(inOrder(items).map((i) => i.id)).toEqual([3, 2, 4, 5, 1, 0]);
});

it('offers another place only where that helps', () => {
  expect(canGoElsewhere(item({ state: 'failed', problem: gone }))).toBe(true);
  expect(canGoElsewhere(item({ state: 'retrying', problem: gone }))).toBe(false);
  expect(canGoElsewhere(item({ state: 'failed', problem: { ...gone, code: 'disk-full' } }))).toBe(
    false,
  );
});
