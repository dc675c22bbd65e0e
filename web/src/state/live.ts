import { isRecord } from '../api/problem';
import type { LiveStream } from '../lib/live-stream';

/** What others change shows at once. */
export interface Live {
  start(): void;
  stop(): void;
}

export interface LiveOptions {
  readonly stream: LiveStream;
  readonly href: string;
  /** Members of these folders have changed. */
  onFolders(paths: readonly string[]): void;
  /** Anything may have. */
  onAll(): void;
}

export function createLive({ stream, href, onFolders, onAll }: LiveOptions): Live {
  let end: (() => void) | undefined;
  let greeted = false;

  function heard(kind: string, data: string): void {
    if (kind === 'hello') {
      // The first page was read before the stream began, or another tab has taken it over.
      if (greeted) return;
      greeted = true;
      onAll();
      return;
    }
    const event: unknown = JSON.parse(data);
    if (!isRecord(event)) return;
    if (event.all === true || !Array.isArray(event.folders)) onAll();
    else onFolders(event.folders.map(String));
  }

  return {
    start() {
      greeted = false;
      end ??= stream(href, heard);
    },
    stop() {
      end?.();
      end = undefined;
    },
  };
}
