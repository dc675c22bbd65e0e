import styles from './file-name.module.css';
import { extensionOf } from './kind';

/** A name on one line: when it is too long its middle goes, so that the end, with the extension, is seen. */
export function FileName({ name }: { name: string }) {
  const tail = tailOf(name);
  return (
    <bdi className={styles.name}>
      <span className={styles.start}>{name.slice(0, name.length - tail.length)}</span>
      {tail && <span className={styles.end}>{tail}</span>}
    </bdi>
  );
}

function tailOf(name: string): string {
  const extension = extensionOf(name);
  if (!extension || name.length < 24) return extension;
  // A few characters more tell IMG_0001 (copy 1) from IMG_0001 (copy 2). Only where a
  // cut between any two letters is harmless: not in scripts that join theirs.
  const before = Array.from(name.slice(0, -extension.length)).slice(-4).join('');
  return /^[\p{Script=Latin}\p{N}\p{P} ]+$/u.test(before) ? before + extension : extension;
}
