import { beforeEach } from 'vitest';
import type { ProblemBody } from '../api/types';
import { createManualClock, type ManualClock } from '../lib/manual-clock';
import { createStore, type Store } from '../lib/store';
import { FakeServer, type Fault, fakeDigest, type Request } from './fake-server';
import { createUploads, type UploadsManager } from './manager';
import type { Picked, Reading, UploadItem, UploadTotals } from './types';

export const MiB = 1 << 20;

/** An upload manager over a fake server, new for each test of the file that imports this. */
export let clock: ManualClock;
export let server: FakeServer;
export let uploads: UploadsManager;
export let online: () => void;
export let unauthorized: number;
export let stored: string[];
export let full: ProblemBody[];
export let renew: () => Promise<void>;

beforeEach(() => {
  clock = createManualClock();
  server = new FakeServer(clock);
  unauthorized = 0;
  stored = [];
  full = [];
  renew = async () => {};
  uploads = createUploads({
    client: server.client,
    transport: server.transport,
    addressOf: (id) => `/tus/${id}`,
    clock,
    random: () => 0,
    largestPart: 8 * MiB,
    sha256: fakeDigest,
    onOnline(run) {
      online = run;
      return () => {};
    },
    onUnauthorized() {
      unauthorized++;
    },
    renew: () => renew(),
    onStored: (folder) => stored.push(folder),
    onFull: (p) => full.push(p),
  });
});

/** A file of one byte repeated: the fake transport never reads it. */
export function file(size: number, lastModified = 1000, byte = 0): File {
  const slice = (start: number, end: number) => ({
    arrayBuffer: async () => new Uint8Array(Math.min(end, size) - start).fill(byte).buffer,
  });
  return { size, lastModified, type: '', name: 'unused', slice } as unknown as File;
}

export function picked(files: Record<string, number>, folders: string[] = []): Picked {
  return {
    folders,
    files: Object.entries(files).map(([path, size]) => ({ path, file: file(size) })),
  };
}

/** A drop whose slices come when the test says so. */
export interface Slices extends Reading {
  readonly found: Store<number>;
  /** The next slice. */
  give(slice: Picked): void;
  /** There are no more. */
  end(): void;
  readonly stopped: boolean;
}

export function slices(): Slices {
  const ready: (Picked | undefined)[] = [];
  let taker: (() => void) | undefined;
  let stopped = false;
  const put = (slice: Picked | undefined) => {
    ready.push(slice);
    taker?.();
  };
  return {
    found: createStore(0),
    give: put,
    end: () => put(undefined),
    async next() {
      while (ready.length === 0 && !stopped) await new Promise<void>((go) => (taker = go));
      return stopped ? undefined : ready.shift();
    },
    stop() {
      stopped = true;
      taker?.();
    },
    get stopped() {
      return stopped;
    },
  };
}

export async function send(files: Record<string, number>, ms = 60_000): Promise<void> {
  void uploads.add('', picked(files));
  await clock.pass(ms);
}

export function items(): readonly UploadItem[] {
  return uploads.snapshot().items;
}

export function item(name: string): UploadItem {
  const found = items().find((i) => i.name === name);
  if (!found) throw new Error(`no item ${name}`);
  return found;
}

export function states(): Record<string, string> {
  return Object.fromEntries(items().map((i) => [i.name, i.state]));
}

export function totals(): UploadTotals {
  return uploads.snapshot().totals;
}

/** What a session renewed means from now on. */
export function setRenew(to: () => Promise<void>): void {
  renew = to;
}

/** Spoils the requests that fit, so many times. */
export function spoil(fits: (r: Request) => boolean, fault: Fault, times = 1): void {
  let left = times;
  server.fault = (r) => (fits(r) && left-- > 0 ? fault : undefined);
}
