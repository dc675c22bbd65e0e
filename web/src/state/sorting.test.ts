import { expect, test } from 'vitest';
import { createFakeHost } from '../lib/fake-host';
import { createSorting } from './sorting';

test('the order is remembered, and turned round by the same key', () => {
  const host = createFakeHost();
  const sorting = createSorting(host);
  expect(sorting.get()).toEqual({ key: 'name', descending: false });
  sorting.by('size');
  expect(sorting.get()).toEqual({ key: 'size', descending: true });
  sorting.by('size');
  expect(createSorting(host).get()).toEqual({ key: 'size', descending: false });
});

test.each(['', 'nonsense', 'null', '{"key":"colour"}', '[]'])('%j is the default', (kept) => {
  const host = createFakeHost();
  host.storage.set('cairn.sort', kept);
  expect(createSorting(host).get()).toEqual({ key: 'name', descending: false });
});
