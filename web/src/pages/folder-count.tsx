import type { Tree } from '../actions/types';
import { useObservable } from '../components/use-observable';
import { text } from '../lib/text';
import { countShown } from '../state/rows';
import styles from './files.module.css';

/** How many there are in a folder; said aloud when it changes. */
export function FolderCount({ tree }: { tree: Tree }) {
  const { rows, listing, filter, state } = useObservable(tree.folder);
  const { ids } = useObservable(tree.selection);
  const all = listing ? countShown(listing) : 0;
  const words = filter ? text.files.matching(rows.length, all) : text.files.items(all);
  return (
    <p role="status" className={styles.count}>
      {state === 'ready' && words}
      {ids.size > 0 && (
        <span className="visually-hidden">, {text.files.chosenCount(ids.size)}</span>
      )}
    </p>
  );
}
