import type { Host } from './host';

/** A browser window for tests. */
export interface FakeHost extends Host {
  readonly opened: string[];
  readonly downloads: string[];
  readonly storage: Map<string, string>;
  /** The person goes there: back, forward, a link. */
  visit(address: string): void;
  online(): void;
  focus(): void;
  unsaved(): boolean;
  /** The server says something, if anybody listens. */
  says(kind: string, data: unknown): void;
  readonly listening: () => number;
}

export function createFakeHost(address = 'https://example.org/files/'): FakeHost {
  let here = address;
  const base = 'https://example.org/files/';
  const onAddress = new Set<() => void>();
  const onOnline = new Set<() => void>();
  const onFocus = new Set<() => void>();
  let guard = () => false;
  const hearers = new Set<(kind: string, data: string) => void>();
  const listen = (set: Set<() => void>) => (run: () => void) => {
    set.add(run);
    return () => set.delete(run);
  };
  const host: FakeHost = {
    opened: [],
    downloads: [],
    storage: new Map(),
    address: () => here,
    push(hash) {
      here = new URL(hash, here).href;
    },
    replace(relative) {
      here = new URL(relative, base).href;
    },
    onAddress: listen(onAddress),
    onOnline: listen(onOnline),
    onFocus: listen(onFocus),
    stream(_, heard) {
      hearers.add(heard);
      return () => hearers.delete(heard);
    },
    says(kind, data) {
      for (const heard of hearers) heard(kind, JSON.stringify(data));
    },
    listening: () => hearers.size,
    guard(unsaved) {
      guard = unsaved;
      return () => {};
    },
    recall: (key) => host.storage.get(key),
    remember: (key, value) => host.storage.set(key, value),
    small: false,
    open: (href) => host.opened.push(href),
    download: (href, name) => host.downloads.push(`${name} ${href}`),
    visit(to) {
      here = new URL(to, here).href;
      for (const run of onAddress) run();
    },
    online() {
      for (const run of onOnline) run();
    },
    focus() {
      for (const run of onFocus) run();
    },
    unsaved: () => guard(),
  };
  return host;
}
