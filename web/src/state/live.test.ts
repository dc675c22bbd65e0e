import { expect, test } from 'vitest';
import { createFakeHost } from '../lib/fake-host';
import { createLive } from './live';

test('what the server tells is passed on, until it is stopped', () => {
  const host = createFakeHost();
  const told: string[] = [];
  const live = createLive({
    stream: host.stream,
    href: 'events',
    onFolders: (paths) => told.push(paths.join(' ')),
    onAll: () => told.push('all'),
  });
  live.start();
  live.start();
  expect(host.listening()).toBe(1);
  host.says('hello', {});
  host.says('changed', { folders: ['a', 'a/b'], all: false });
  host.says('changed', { folders: [], all: true });
  host.says('changed', 7);
  expect(told).toEqual(['all', 'a a/b', 'all']);
  live.stop();
  expect(host.listening()).toBe(0);
  live.start();
  host.says('hello', {});
  expect(told.length).toBe(4);
});
