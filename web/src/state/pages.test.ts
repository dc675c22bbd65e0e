import { QueryClient } from '@tanstack/query-core';
import { expect, test, vi } from 'vitest';
import { Problem } from '../api/problem';
import type { Page } from '../api/types';
import { createPages } from './pages';

interface Row {
  readonly id: string;
}

/** A list of numbered rows on a server that is told when to answer. */
function setUp(count: number) {
  const rows = Array.from({ length: count }, (_, i) => ({ id: `${i}` }));
  const waiting: (() => void)[] = [];
  const state = { held: false, refuse: undefined as Problem | undefined };
  const read = vi.fn(async (before: number | undefined): Promise<Page<Row>> => {
    if (state.held) await new Promise<void>((go) => waiting.push(go));
    if (state.refuse) throw state.refuse;
    const at = before ?? 0;
    return { rows: rows.slice(at, at + 2), next: at + 2 < rows.length ? at + 2 : null };
  });
  const heard: number[] = [];
  const pages = createPages<Row>({
    queries: new QueryClient(),
    key: ['list'],
    read,
    onRows: (shown) => heard.push(shown.length),
  });
  const ids = () => pages.get().rows.map((row) => row.id);
  const answer = () => {
    for (const go of waiting.splice(0)) go();
  };
  return { pages, rows, read, state, answer, heard, ids };
}

const settle = async () => {
  for (let i = 0; i < 10; i++) await new Promise((go) => setTimeout(go, 0));
};

test('nothing is asked until somebody watches, nor once nobody does', async () => {
  const { pages, read } = setUp(3);
  pages.refresh();
  await settle();
  expect(read).not.toHaveBeenCalled();
  expect(pages.get().state).toBe('loading');
  const ends = [pages.subscribe(() => {}), pages.subscribe(() => {})];
  await settle();
  expect(read).toHaveBeenCalledTimes(1);
  for (const end of ends) end();
  ends[0]?.();
  pages.refresh();
  await settle();
  expect(read).toHaveBeenCalledTimes(1);
});

test('page after page, to the end', async () => {
  const { pages, ids, heard } = setUp(5);
  const end = pages.subscribe(() => {});
  await settle();
  expect(ids()).toEqual(['0', '1']);
  pages.more();
  await settle();
  pages.more();
  await settle();
  expect(ids()).toEqual(['0', '1', '2', '3', '4']);
  expect(pages.get().more).toBe(false);
  expect(heard.at(-1)).toBe(5);
  end();
});

test('more is read once what is under way has come', async () => {
  const { pages, state, answer, ids } = setUp(4);
  const end = pages.subscribe(() => {});
  await settle();
  state.held = true;
  pages.refresh();
  await settle();
  pages.more();
  answer();
  await settle();
  answer();
  await settle();
  expect(ids()).toEqual(['0', '1', '2', '3']);
  end();
});

test('rows that moved while pages were read stand once', async () => {
  const { pages, rows, ids } = setUp(4);
  const end = pages.subscribe(() => {});
  await settle();
  rows.unshift({ id: 'new' });
  pages.more();
  await settle();
  expect(ids()).toEqual(['0', '1', '2']);
  pages.refresh();
  await settle();
  expect(ids()).toEqual(['new', '0', '1', '2']);
  end();
});

test('what is dropped stays away from an answer of before', async () => {
  const { pages, rows, state, answer, ids } = setUp(3);
  const end = pages.subscribe(() => {});
  await settle();
  state.held = true;
  pages.refresh();
  await settle();
  pages.drop(new Set(['0']));
  expect(ids()).toEqual(['1']);
  answer();
  await settle();
  expect(ids()).toEqual(['1']);
  rows.shift();
  pages.refresh();
  await settle();
  answer();
  await settle();
  expect(ids()).toEqual(['1', '2']);
  end();
});

test('what is known stays in view while the server is away, not when it refuses', async () => {
  const { pages, state, ids } = setUp(2);
  const end = pages.subscribe(() => {});
  await settle();
  const body = (status: number) => new Problem({ status, code: 'x', title: 'X' });
  state.refuse = body(404);
  pages.refresh();
  await settle();
  expect(pages.get()).toMatchObject({ state: 'failed', rows: [], problem: { status: 404 } });
  state.refuse = undefined;
  pages.refresh();
  await settle();
  expect(ids()).toEqual(['0', '1']);
  state.refuse = body(503);
  pages.refresh();
  await new Promise((go) => setTimeout(go, 1700)); // it tries twice more
  expect(pages.get()).toMatchObject({ state: 'ready', problem: { status: 503 } });
  expect(ids()).toEqual(['0', '1']);
  end();
});
