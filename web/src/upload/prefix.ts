import type { Client } from '../api/client';
import type { PrefixDigests } from '../api/types';
import { sha256 as ofBrowser } from '../lib/sha256';
import { readBytes } from './read-bytes';

/** SHA-256 in base64. */
export type Digest = (bytes: Uint8Array<ArrayBuffer>) => Promise<string>;

export interface PrefixCheck {
  readonly client: Pick<Client, 'digests'>;
  readonly id: string;
  readonly file: File;
  /** By default the browser's, or one in JavaScript. */
  readonly sha256?: Digest | undefined;
  /** So many bytes are known to be the file's. */
  readonly from: number;
  /** So many are, by now. */
  proven(bytes: number): void;
  /** Nobody wants to know any more: it may end with any answer. */
  over(): boolean;
}

/**
 * Whether all that the server has of an upload is the beginning of this file. Reads as much of
 * it, in pieces, one of them in memory at a time. Fails with a Problem or a ReadFault.
 */
export async function isPrefix(check: PrefixCheck): Promise<boolean> {
  const { client, id, file, sha256 = ofBrowser, proven, over } = check;
  let at = check.from;
  let next: Promise<PrefixDigests> | undefined = client.digests(id, at);
  while (next) {
    const { offset, piece, sha256: wanted }: PrefixDigests = await next;
    const end = Math.min(offset, at + wanted.length * piece);
    // While these are compared, the next ones are on their way.
    next = end < offset && wanted.length > 0 ? client.digests(id, end) : undefined;
    next?.catch(() => {});
    if (offset > file.size || (end < offset && !next)) return false;
    for (const want of wanted) {
      const to = Math.min(at + piece, offset);
      if ((await sha256(await readBytes(file, at, to))) !== want || over()) return false;
      at = to;
      proven(at);
    }
  }
  return true;
}
