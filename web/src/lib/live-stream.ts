/** Server-sent events, one stream for all tabs of the browser where it can be. */
export type LiveStream = (
  href: string,
  heard: (kind: string, data: string) => void,
) => /** Hears no more. */ () => void;

const kinds = ['hello', 'changed', 'uploads'];
/** Milliseconds after the server said that there is no stream. */
const tryAgain = 60_000;

/**
 * The tab that has the lock has the stream, and tells the others; browsers open only six
 * connections to a server. Where pages have no locks, without TLS, a tab has a stream of its
 * own while it is looked at.
 */
export const browserStream: LiveStream = (href, heard) => {
  const name = `cairn live ${href}`;
  const locks = globalThis.navigator?.locks;
  if (!locks || typeof BroadcastChannel === 'undefined') return whileVisible(href, heard);
  const others = new BroadcastChannel(name);
  others.onmessage = ({ data }) => {
    if (Array.isArray(data)) heard(String(data[0]), String(data[1]));
  };
  const stop = new AbortController();
  let end = () => {};
  locks
    .request(name, { signal: stop.signal }, () => {
      if (stop.signal.aborted) return;
      const close = open(href, (kind, data) => {
        heard(kind, data);
        others.postMessage([kind, data]);
      });
      return new Promise<void>((go) => {
        end = () => {
          close();
          go();
        };
      });
    })
    .catch(() => {}); // given up while it waited
  return () => {
    stop.abort();
    end();
    others.close();
  };
};

function whileVisible(href: string, heard: (kind: string, data: string) => void): () => void {
  let close: (() => void) | undefined;
  const look = () => {
    if (document.visibilityState === 'visible') close ??= open(href, heard);
    else {
      close?.();
      close = undefined;
    }
  };
  document.addEventListener('visibilitychange', look);
  look();
  return () => {
    document.removeEventListener('visibilitychange', look);
    close?.();
  };
}

function open(href: string, heard: (kind: string, data: string) => void): () => void {
  let source: EventSource;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const begin = () => {
    source = new EventSource(href);
    let greeted = false;
    for (const kind of kinds) {
      source.addEventListener(kind, (event) => {
        // A stream that comes again by itself goes on where it was.
        if (kind === 'hello' && greeted) return;
        greeted = true;
        heard(kind, (event as MessageEvent<string>).data);
      });
    }
    source.onerror = () => {
      // A connection that broke is opened again by the browser; an answer that is no stream
      // is not.
      if (source.readyState === EventSource.CLOSED) timer = setTimeout(begin, tryAgain);
    };
  };
  begin();
  return () => {
    clearTimeout(timer);
    source.close();
  };
}
