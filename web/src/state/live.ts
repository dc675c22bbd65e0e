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
  /** So much of uploads that bytes arrive for is on the server's disk. */
  onOffsets(offsets: readonly DurableOffset[]): void;
}

/** How much of an upload, by its id, is on the server's disk. */
export interface DurableOffset {
  readonly id: string;
  readonly offset: number;
}

export function createLive({ stream, href, onFolders, onAll, onOffsets }: LiveOptions): Live {
  let end: (() => void) | undefined;

  function heard(kind: string, data: string): void {
    if (kind === 'hello') {
      onAll(); // what changed before the stream began, nobody has told
      return;
    }
    const event: unknown = JSON.parse(data);
    if (kind === 'uploads') {
      if (Array.isArray(event)) onOffsets(event.filter(isOffset));
      return;
    }
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

function isOffset(value: unknown): value is DurableOffset {
  return isRecord(value) && typeof value.id === 'string' && typeof value.offset === 'number';
}
