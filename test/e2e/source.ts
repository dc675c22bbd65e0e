import { createHash, randomBytes } from 'node:crypto';
import { mkdir, open, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { scene } from './scene';

export interface Source {
  /** Below what is dropped: the path that it will have. */
  readonly path: string;
  /** On this machine. */
  readonly file: string;
  readonly size: number;
  readonly hash: string;
  readonly mtime: number;
}

const piece = 4 << 20;

/** Makes a file of random bytes, changed on a day of its own. */
export async function makeFile(path: string, size: number, mtime = 1.6e12): Promise<Source> {
  const file = join(scene.dir, path);
  await mkdir(dirname(file), { recursive: true });
  const hash = createHash('sha256');
  const to = await open(file, 'w');
  for (let left = size; left > 0; left -= piece) {
    const bytes = randomBytes(Math.min(piece, left));
    hash.update(bytes);
    await to.write(bytes);
  }
  await to.close();
  await utimes(file, mtime / 1000, mtime / 1000);
  return { path, file, size, hash: hash.digest('hex'), mtime };
}

/** A folder of many small files, in ten folders and two below those. */
export async function makeFolder(name: string, files: number): Promise<Source[]> {
  const made: Source[] = [];
  for (let i = 0; i < files; i++) {
    const inside = i % 10 < 8 ? `part ${i % 10}` : `part ${i % 10}/deeper – ünïcode`;
    const path = `${name}/${inside}/note ${i}.txt`;
    made.push(await makeFile(path, 37 * (i % 300), 1.5e12 + i * 1000 + 500));
  }
  return made;
}
