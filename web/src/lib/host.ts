import { browserStream, type LiveStream } from './live-stream';

/** The little that the app needs of the browser window, so that tests can stand in for it. */
export interface Host {
  /** The whole address of the page. */
  address(): string;
  /** A new entry in the history; hash begins with '#'. */
  push(hash: string): void;
  /** Takes the place of the current entry; relative to the base. */
  replace(relative: string): void;
  /** The address changed by the person: back, forward, a link. */
  onAddress(run: () => void): () => void;
  /** The network is there again. */
  onOnline(run: () => void): () => void;
  /** The page is looked at again. */
  onFocus(run: () => void): () => void;
  /** Hears what happens on the server. */
  readonly stream: LiveStream;
  /** Asks before the page is left, while unsaved() is true. */
  guard(unsaved: () => boolean): () => void;
  /** Remembers between visits; undefined or nothing where the browser forbids it. */
  recall(key: string): string | undefined;
  remember(key: string, value: string): void;
  /** The device is likely to have little memory, a phone for one: a page may hold little of it. */
  readonly small: boolean;
  /** Opens an address beside the app. */
  open(href: string): void;
  /** Saves an address as a file of that name. */
  download(href: string, name: string): void;
}

export function browserHost(): Host {
  const listen = (target: EventTarget, event: string, run: () => void) => {
    target.addEventListener(event, run);
    return () => target.removeEventListener(event, run);
  };
  const link = (href: string, set: (a: HTMLAnchorElement) => void) => {
    const a = document.createElement('a');
    a.href = href;
    a.rel = 'noopener';
    set(a);
    document.body.append(a);
    a.click();
    a.remove();
  };
  return {
    address: () => location.href,
    push(hash) {
      // Not location.hash: relative to <base>, and no event for a change of our own.
      history.pushState(null, '', new URL(hash, location.href));
    },
    replace(relative) {
      history.replaceState(null, '', new URL(relative, document.baseURI));
    },
    onAddress(run) {
      const stops = [listen(window, 'popstate', run), listen(window, 'hashchange', run)];
      return () => {
        for (const stop of stops) stop();
      };
    },
    onOnline: (run) => listen(window, 'online', run),
    onFocus: (run) =>
      listen(document, 'visibilitychange', () => {
        if (document.visibilityState === 'visible') run();
      }),
    stream: browserStream,
    guard(unsaved) {
      const ask = (event: BeforeUnloadEvent) => {
        if (unsaved()) event.preventDefault();
      };
      window.addEventListener('beforeunload', ask);
      return () => window.removeEventListener('beforeunload', ask);
    },
    recall(key) {
      try {
        return localStorage.getItem(key) ?? undefined;
      } catch {
        return undefined; // storage may be forbidden
      }
    },
    remember(key, value) {
      try {
        localStorage.setItem(key, value);
      } catch {
        // Forbidden or full: it is only a convenience.
      }
    },
    small: isSmall(),
    open: (href) =>
      link(href, (a) => {
        a.target = '_blank';
      }),
    download: (href, name) =>
      link(href, (a) => {
        a.download = name;
      }),
  };
}

/** By what it says (Chromium, in GiB, 8 at most), or by a finger being what it is pointed with. */
function isSmall(): boolean {
  const { deviceMemory } = navigator as Navigator & { readonly deviceMemory?: number };
  if (deviceMemory !== undefined) return deviceMemory <= 4;
  return window.matchMedia('(pointer: coarse)').matches;
}
