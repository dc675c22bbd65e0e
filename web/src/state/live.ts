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

  function heard(kind: string, data: string): void {
    if (kind === 'hello') {
      onAll(); // what changed before the stream began, nobody has told
      return;
    }
    const event: unknown = JSON.parse(data);
    if (!isRecord(event)) return;
    if (event.all === true || !Array.isArray(event.folders)) onAll();
    else onFolders(event.folders.map(String));
  }

  return {
    start() {
      end ??= stream(href, heard);
    },
    stop() {
      end?.();
      end = undefined;
    },
  };
}
