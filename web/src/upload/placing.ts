import type { Client } from '../api/client';
import { Problem } from '../api/problem';
import { type Item, idOf, targetOf } from './item';
import { isPrefix, type PrefixCheck } from './prefix';

type Door = Pick<Client, 'operations' | 'lookup' | 'finishUpload' | 'digests'>;

/** Tries after which a server that cannot tell what it has is not asked again. */
const doubts = 4;

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

/** Whether what the server has of it is the beginning of this file, by its bytes. */
export async function isThisFile(
  client: Door,
  item: Item,
  check: Pick<PrefixCheck, 'file' | 'sha256' | 'proven' | 'over'>,
): Promise<boolean> {
  try {
    return await isPrefix({ ...check, client, id: idOf(item.url ?? ''), from: item.proven });
  } catch (error) {
    const { code = '', status = 0 } = error instanceof Problem ? error : {};
    // Whoever began it has ended it: then this file's name is taken, maybe by this file.
    if (code === 'finished') item.maybeStored = true;
    // What cannot be shown, since it is damaged or has many parts, is not believed.
    const never = code === 'incomplete' || (status >= 500 && item.attempts >= doubts);
    if (code !== 'finished' && !never) throw error;
    return false;
  }
}
