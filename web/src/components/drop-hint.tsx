import { Upload } from 'lucide-react';
import { text } from '../lib/text';
import styles from './drop-hint.module.css';

/** Says where a drop would go, over the list; the pointer goes through it. */
export function DropHint({ to, here }: { to: string; here: boolean }) {
  const name = to.split('/').pop() || text.files.top;
  return (
    <div className={here ? styles.whole : styles.row} aria-hidden="true">
      <p className={styles.words}>
        <Upload />
        <bdi>{text.files.drop(name)}</bdi>
      </p>
    </div>
  );
}
