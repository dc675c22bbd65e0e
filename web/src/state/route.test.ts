import { describe, expect, test, vi } from 'vitest';
import { createFakeHost } from '../lib/fake-host';
import { createRouter, hashOf, parseRoute, setUpToken } from './route';

test.each(['', 'a', 'a b/ü/100%/#1?', 'x&y=z/..a', 'a\\b'])(
  '%j comes back from its address',
  (path) => {
    const hash = hashOf({ view: 'files', path });
    expect(parseRoute(`https://example.org/${hash}`)).toEqual({ view: 'files', path });
    expect(hash).not.toMatch(/[ ?]/);
  },
);

test.each([
  ['https://e.org/', { view: 'files', path: '' }],
  ['https://e.org/#', { view: 'files', path: '' }],
  ['https://e.org/#/files', { view: 'files', path: '' }],
  ['https://e.org/#/files/a//b/', { view: 'files', path: 'a/b' }],
  ['https://e.org/#/files/100%', { view: 'files', path: '100%' }],
  ['https://e.org/#/connect', { view: 'connect' }],
  ['https://e.org/#/trash', { view: 'trash' }],
  ['https://e.org/files/#/trash/', { view: 'trash' }],
  ['https://e.org/#/storage', { view: 'storage' }],
  ['https://e.org/#/uploads', { view: 'uploads' }],
  ['https://e.org/#/uploads/', { view: 'uploads' }],
  ['https://e.org/#/uploads/x', { view: 'files', path: '' }],
  ['https://e.org/#/snapshots', { view: 'snapshots' }],
  ['https://e.org/#/snapshots/', { view: 'snapshots' }],
  ['https://e.org/#/snapshots/00a1', { view: 'snapshot', id: '00a1', path: '' }],
  ['https://e.org/#/snapshots/00a1/a//b%20c/', { view: 'snapshot', id: '00a1', path: 'a/b c' }],
  ['https://e.org/#/storage/x', { view: 'files', path: '' }],
  ['https://e.org/#/trash/x', { view: 'files', path: '' }],
  ['https://e.org/#/files/trash', { view: 'files', path: 'trash' }],
  ['https://e.org/#/nonsense', { view: 'files', path: '' }],
])('%s', (address, want) => {
  expect(parseRoute(address)).toEqual(want);
});

test.each(['', 'a', 'a b/ü/100%/#1?'])('%j of a snapshot comes back from its address', (path) => {
  const route = { view: 'snapshot', id: '0123', path } as const;
  expect(parseRoute(`https://example.org/${hashOf(route)}`)).toEqual(route);
});

test.each([
  ['https://e.org/setup#abc', 'https://e.org/', 'abc'],
  ['https://e.org/files/setup#abc', 'https://e.org/files/', 'abc'],
  ['https://e.org/files/setup', 'https://e.org/files/', ''],
  ['https://e.org/setup#abc', 'https://e.org/files/', undefined],
  ['https://e.org/#/files/setup', 'https://e.org/', undefined],
])('the set-up link %s', (address, base, want) => {
  expect(setUpToken(address, base)).toBe(want);
});

describe('the router', () => {
  test('writes the address, and tells once', () => {
    const host = createFakeHost();
    const router = createRouter(host);
    const heard = vi.fn();
    router.subscribe(heard);
    router.go({ view: 'files', path: 'a b' });
    expect(host.address()).toBe('https://example.org/files/#/files/a%20b');
    router.go({ view: 'files', path: 'a b' });
    expect(heard).toHaveBeenCalledTimes(1);
  });
  test('follows back and forward', () => {
    const host = createFakeHost();
    const router = createRouter(host);
    const heard = vi.fn();
    router.subscribe(heard);
    host.visit('#/connect');
    host.visit('#/connect');
    expect(router.get()).toEqual({ view: 'connect' });
    expect(heard).toHaveBeenCalledTimes(1);
  });
});
