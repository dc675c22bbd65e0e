import { afterEach, beforeEach, expect } from 'vitest';
import type { Entry } from '../api/types';
import { createFakeHost, type FakeHost } from '../lib/fake-host';
import { createManualClock, type ManualClock } from '../lib/manual-clock';
import type { Job, JobEvents } from '../upload/transport';
import { createApp } from './app';
import { FakeDoor } from './fake-door';
import type { ActionId, App } from './types';

/** The whole app below the view over a door in memory, new for each test. */
export let door: FakeDoor;
export let host: FakeHost;
export let clock: ManualClock;
export let app: App;
export let jobs: JobEvents[];
/** What was sent, of each of them. */
export let sent: Job[];

beforeEach(() => {
  door = new FakeDoor();
  for (const path of ['docs', 'docs/old']) door.put(path, true);
  for (const path of ['a.txt', 'b.txt', 'docs/c.txt']) door.put(path);
  jobs = [];
  sent = [];
});

afterEach(() => {
  app?.uploads.cancel();
});

/** Opens the page and waits until it stands. */
export async function open(address = 'https://example.org/files/'): Promise<void> {
  host = createFakeHost(address);
  clock = createManualClock();
  app = createApp({
    baseURI: 'https://example.org/files/',
    host,
    clock,
    apple: false,
    fetch: door.fetch as typeof fetch,
    transport: () => ({
      start(job, events) {
        jobs.push(events);
        sent.push(job);
        return { stop() {} };
      },
      drop() {},
    }),
  });
  await settle();
}

/** Lets answers arrive. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 10; i++) await new Promise((go) => setTimeout(go, 0));
}

export const names = () => app.folder.get().rows.map((row) => row.name);

export function row(name: string): Entry {
  const found = app.folder.get().rows.find((r) => r.name === name);
  if (!found) throw new Error(`no row ${name} among ${names()}`);
  return found;
}

export function choose(...wanted: string[]): void {
  wanted.forEach((name, i) => {
    app.selection.choose(row(name).id, i === 0 ? 'only' : 'toggle');
  });
}

export function run(id: ActionId): void {
  expect(app.actions[id].enabled()).toBe(true);
  app.actions[id].run();
}

export function dialog<K extends string>(kind: K) {
  const d = app.dialog.get();
  if (d?.kind !== kind) throw new Error(`the dialog is ${d?.kind}`);
  return d as Extract<typeof d, { kind: K }>;
}

export const lastToast = () => app.toasts.get().at(-1);
