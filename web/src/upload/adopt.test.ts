import { describe, expect, test } from 'vitest';
import { problem } from './fake-server';
import { clock, file, item, MiB, server, spoil, states, totals, uploads } from './test-bench';

/** Another device has begun the file. */
function begun(more: object = {}): void {
  server.uploads.set('/tus/77', {
    ...{ url: '/tus/77', path: 'big', size: 40 * MiB, mtime: 1000 },
    ...{ condition: { ifNoneMatch: '*' }, offset: 28 * MiB, finishedAs: undefined },
    ...more,
  });
}

async function drop(ms = 60_000, some = file(40 * MiB)): Promise<void> {
  void uploads.add('', { folders: [], files: [{ path: 'big', file: some }] });
  await clock.pass(ms);
}

const steps = () => server.requests.map((r) => r.step);

describe('what was begun, by whatever device', () => {
  test('goes on where it was', async () => {
    begun();
    await drop();
    expect(states()).toEqual({ big: 'done' });
    expect(server.received).toBe(12 * MiB);
    expect(steps()).toEqual(['head', 'patch', 'patch']);
  });

  test.each([0, 9 * MiB, 28 * MiB - 1])(
    'begins anew if the bytes from %i on are of another file',
    async (from) => {
      begun({ other: { from, byte: 7 } });
      await drop();
      expect(states()).toEqual({ big: 'done' });
      expect(server.received).toBe(40 * MiB);
      expect(steps()[0]).toBe('create');
      expect(server.dropped).toEqual([]); // it is not ours
      expect(totals()).toMatchObject({ open: 0, acked: 40 * MiB });
    },
  );

  test('of what came in between, the bytes are compared too', async () => {
    begun();
    let asked = 0;
    server.apiFault = (what) => {
      if (what === 'digests' && ++asked === 2) {
        // The other device goes on, with another file.
        server.uploads.delete('/tus/77');
        begun({ offset: 36 * MiB, other: { from: 30 * MiB, byte: 7 } });
      }
      return undefined;
    };
    await drop();
    expect(states()).toEqual({ big: 'done' });
    expect(server.received).toBe(40 * MiB);
    expect(steps()[0]).toBe('create');
  });

  test('what comes between the proof and the first request is compared as well', async () => {
    begun();
    let first = true;
    server.fault = (r) => {
      if (r.step === 'head' && first) {
        first = false;
        const kept = server.uploads.get('/tus/77');
        if (kept) kept.offset = 32 * MiB;
      }
      return undefined;
    };
    let asked = 0;
    server.apiFault = (what) => {
      if (what === 'digests') asked++;
      return undefined;
    };
    await drop();
    expect(states()).toEqual({ big: 'done' });
    expect(server.received).toBe(8 * MiB);
    expect(steps()).toEqual(['head', 'head', 'patch']);
    expect(asked).toBe(3); // two for 28 MiB, and one for the rest
  });

  test('waits for a network that is away, and compares no piece twice', async () => {
    begun();
    let asked = 0;
    server.apiFault = (what) =>
      what === 'digests' && ++asked < 4 ? problem(0, 'network') : undefined;
    await drop();
    expect(states()).toEqual({ big: 'done' });
    expect(server.received).toBe(12 * MiB);
  });

  test('is there, when it was finished meanwhile', async () => {
    begun(); // when it was planned
    server.apiFault = (what) => {
      const there = server.uploads.get('/tus/77');
      if (what === 'digests' && there) {
        there.finishedAs = 'big';
        server.put('big', 40 * MiB, 1000);
      }
      return undefined;
    };
    await drop();
    expect(states()).toEqual({ big: 'done' });
    expect(server.received).toBe(0);
  });

  test('a file that cannot be read ends with that', async () => {
    begun();
    const broken = {
      ...file(40 * MiB),
      slice: () => ({ arrayBuffer: () => Promise.reject(new Error()) }),
    };
    await drop(60_000, broken as unknown as File);
    expect(states()).toEqual({ big: 'failed' });
    expect(item('big').problem?.code).toBe('changed');
    expect(server.uploads.get('/tus/77')?.offset).toBe(28 * MiB);
  });

  test('cancelled while it is compared: nothing is sent, and what is there stays', async () => {
    begun();
    void uploads.add('', { folders: [], files: [{ path: 'big', file: file(40 * MiB) }] });
    await clock.pass(50);
    uploads.cancel();
    await clock.pass(60_000);
    expect(steps()).toEqual([]);
    expect(server.dropped).toEqual([]);
    expect(server.uploads.get('/tus/77')?.offset).toBe(28 * MiB);
  });
});

describe('what this page began, and another device went on with', () => {
  test('goes on only if its bytes are the file’s', async () => {
    spoil((r) => r.n === 2, 'lost', 1); // the second part, say, of three
    void uploads.add('', { folders: [], files: [{ path: 'big', file: file(24 * MiB) }] });
    await clock.pass(200);
    uploads.pause();
    const [kept] = server.uploads.values();
    expect(kept?.offset).toBe(8 * MiB);
    // Another file of the name, size and time, whose beginning is the same.
    if (kept)
      server.uploads.set(kept.url, {
        ...kept,
        offset: 16 * MiB,
        other: { from: 8 * MiB, byte: 7 },
      });
    uploads.resume();
    await clock.pass(60_000);
    expect(states()).toEqual({ big: 'done' });
    expect(steps().filter((step) => step === 'create')).toHaveLength(2);
    expect(server.received).toBe(8 * MiB + 24 * MiB);
  });

  test('was finished by it: not sent again, and not mixed', async () => {
    void uploads.add('', { folders: [], files: [{ path: 'big', file: file(24 * MiB) }] });
    await clock.pass(100);
    uploads.pause();
    const [kept] = server.uploads.values();
    if (kept) kept.finishedAs = 'big';
    server.put('big', 24 * MiB, 1000);
    const before = server.received;
    uploads.resume();
    await clock.pass(60_000);
    expect(states()).toEqual({ big: 'done' });
    expect(server.received).toBe(before);
  });
});

describe('while bytes are compared', () => {
  test('a pause holds, and what was paused goes on', async () => {
    begun();
    let held: (() => void) | undefined;
    const slow = {
      ...file(40 * MiB),
      slice: (start: number, end: number) => ({
        arrayBuffer: () =>
          new Promise((go) => {
            const bytes = new Uint8Array(end - start).buffer;
            if (held) go(bytes);
            else held = () => go(bytes);
          }),
      }),
    } as unknown as File;
    void uploads.add('', { folders: [], files: [{ path: 'big', file: slow }] });
    await clock.pass(1000);
    uploads.pause();
    held?.();
    await clock.pass(1000);
    expect(states()).toEqual({ big: 'paused' });
    uploads.resume();
    await clock.pass(60_000);
    expect(states()).toEqual({ big: 'done' });
    expect(server.received).toBe(12 * MiB);
  });

  test('a session that ends is waited for, and the place is free again', async () => {
    begun();
    let first = true;
    server.apiFault = (what) => {
      if (what !== 'digests' || !first) return undefined;
      first = false;
      return problem(401, 'unauthorized');
    };
    await drop(5000);
    expect(states()).toEqual({ big: 'waiting' });
    uploads.signedIn();
    await clock.pass(60_000);
    expect(states()).toEqual({ big: 'done' });
  });

  test('another file’s 401 does not lose the place', async () => {
    begun();
    server.fault = (r) =>
      r.path === 'other' && r.n < 1 ? problem(401, 'unauthorized') : undefined;
    void uploads.add('', {
      folders: [],
      files: [
        { path: 'big', file: file(40 * MiB) },
        { path: 'other', file: file(20 * MiB) },
      ],
    });
    await clock.pass(30_000);
    uploads.signedIn();
    await clock.pass(60_000);
    expect(states()).toEqual({ big: 'done', other: 'done' });
  });

  test('a server that cannot tell what it has: begun anew', async () => {
    begun();
    server.apiFault = (what) => (what === 'digests' ? problem(500, 'internal') : undefined);
    await drop(10 * 60_000);
    expect(states()).toEqual({ big: 'done' });
    expect(steps()[0]).toBe('create');
    expect(server.received).toBe(40 * MiB);
  });
});
