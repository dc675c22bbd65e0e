import type { Host } from '../lib/host';
import type { Observable } from '../lib/observable';
import { partsOf } from '../lib/path';
import { createStore } from '../lib/store';
import type { Route } from './types';

/** '#/files/a/b', '#/trash', '#/snapshots', '#/snapshots/ID/a/b', '#/uploads' and so on. */
export function hashOf(route: Route): string {
  if (route.view === 'files') return `#/files/${encoded(route.path)}`;
  if (route.view === 'snapshot') {
    return `#/snapshots/${encodeURIComponent(route.id)}/${encoded(route.path)}`;
  }
  return `#/${route.view}`;
}

const encoded = (path: string) => partsOf(path).map(encodeURIComponent).join('/');

/** Views without anything more in their address. */
const plain = ['connect', 'trash', 'snapshots', 'uploads', 'storage'] as const;

/** What an address says; anything that is not ours is the top folder. */
export function parseRoute(address: string): Route {
  const hash = address.includes('#') ? address.slice(address.indexOf('#') + 1) : '';
  const view = plain.find((one) => hash === `/${one}` || hash === `/${one}/`);
  if (view) return { view };
  const past = /^\/snapshots\/([^/]+)(?:\/(.*))?$/s.exec(hash);
  if (past?.[1]) return { view: 'snapshot', id: decode(past[1]), path: decoded(past[2] ?? '') };
  return { view: 'files', path: decoded(/^\/files(?:\/(.*))?$/s.exec(hash)?.[1] ?? '') };
}

function decoded(path: string): string {
  const names = path.split('/').filter((name) => name !== '');
  return names.map(decode).join('/');
}

/** The token of the one-time set-up link BASE/setup#TOKEN; undefined: another address. */
export function setUpToken(address: string, baseURI: string): string | undefined {
  const here = new URL(address);
  if (here.pathname !== new URL('setup', baseURI).pathname) return undefined;
  return decode(here.hash.slice(1));
}

/** A '%' that somebody typed is only a '%'. */
function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/** Where the person is, together with the address line. */
export interface Router extends Observable<Route> {
  go(route: Route): void;
}

export function createRouter(host: Host): Router {
  const store = createStore<Route>(parseRoute(host.address()));
  const set = (route: Route) => {
    if (hashOf(route) !== hashOf(store.get())) store.set(route);
  };
  host.onAddress(() => set(parseRoute(host.address())));
  return {
    get: store.get,
    subscribe: store.subscribe,
    go(route) {
      if (hashOf(route) === hashOf(store.get())) return;
      host.push(hashOf(route));
      set(route);
    },
  };
}
