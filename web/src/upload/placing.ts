import type { Client } from '../api/client';
import { Problem } from '../api/problem';
import { type Item, idOf, targetOf } from './item';
import { isPrefix } from './prefix';

type Door = Pick<Client, 'operations' | 'lookup' | 'finishUpload' | 'digests'>;

/** Commits what is complete where it is to go now. False: it lies where it was begun for. */
export async function finishThere(client: Door, item: Item): Promise<boolean> {
  const path = targetOf(item);
  const result = await client.finishUpload(idOf(item.url ?? ''), { path, ...item.condition });
  // Without a path it had been committed before.
  return result.path !== undefined || item.begunAs === path;
}

/** It was committed under its former name before the new one was known. */
export async function moveThere(client: Door, item: Item): Promise<void> {
  const overwrite = 'ifMatch' in item.condition;
  const [result] = await client.operations([
    { op: 'move', from: item.begunAs, to: targetOf(item), overwrite },
  ]);
  if (result && 'problem' in result) throw new Problem(result.problem);
}

/** Whether what is there looks like this very file. */
export async function isThere(client: Door, item: Item): Promise<boolean> {
  const [there] = await client.lookup([targetOf(item)]);
  return (
    !!there &&
    !there.folder &&
    there.size === item.size &&
    Math.abs(there.mtime - (item.file?.lastModified ?? 0)) <= 1
  );
}

/**
 * Whether the server has the beginning of this file, by its bytes. proven: so many are the
 * file's; over: nobody wants to know any more.
 */
export async function isThisFile(
  client: Door,
  item: Item,
  file: File,
  proven: (bytes: number) => void,
  over: () => boolean,
): Promise<boolean> {
  try {
    return await isPrefix({
      client,
      id: idOf(item.url ?? ''),
      file,
      from: item.proven,
      proven,
      over,
    });
  } catch (error) {
    const code = error instanceof Problem ? error.code : undefined;
    // Whoever began it has ended it: then this file's name is taken, maybe by this file.
    if (code === 'finished') item.maybeStored = true;
    else if (code !== 'incomplete') throw error;
    return false;
  }
}
