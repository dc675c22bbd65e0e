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
    onOffsets: (some) => told.push(some.map(({ id, offset }) => `${id} ${offset}`).join()),
  });
  live.start();
  live.start();
  expect(host.listening()).toBe(1);
  host.says('hello', {});
  host.says('changed', { folders: ['a', 'a/b'], all: false });
  host.says('changed', { folders: [], all: true });
  host.says('changed', 7);
  host.says('uploads', [{ id: 'x', offset: 7 }, { id: 'y' }, null, { id: 'z', offset: 9 }]);
  host.says('uploads', { id: 'x', offset: 8 });
  expect(told).toEqual(['all', 'a a/b', 'all', 'x 7,z 9']);
  live.stop();
  expect(host.listening()).toBe(0);
  live.start();
  host.says('hello', {});
  expect(told.length).toBe(5);
});
