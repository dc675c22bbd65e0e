import { useEffect, useRef, useState } from 'react';
import type { Unfinished } from '../actions/types';
import { text } from '../lib/text';
import { focusHome } from './focus-home';
import styles from './unfinished-list.module.css';
import { UnfinishedRow } from './unfinished-row';

/** The uploads that broke off. The focus stays in the list while rows leave it. */
export function UnfinishedList({ rows }: { rows: readonly Unfinished[] }) {
  const [at, setAt] = useState(0);
  const inside = useRef(false);
  const home = Math.min(at, rows.length - 1);

  // biome-ignore lint/correctness/useExhaustiveDependencies: that is when a row may have left
  useEffect(() => {
    if (inside.current && document.activeElement === document.body) focusHome(null);
  }, [rows]);

  return (
    <ul
      className={styles.list}
      aria-label={text.unfinished.list}
      onFocus={(event) => {
        inside.current = true;
        const row = event.target.closest('li');
        setAt(row ? Array.from(event.currentTarget.children).indexOf(row) : 0);
      }}
      onBlur={(event) => {
        // Without a new place the row has left, or a dialog comes: that is no leaving.
        if (event.relatedTarget && !event.currentTarget.contains(event.relatedTarget)) {
          inside.current = false;
        }
      }}
    >
      {rows.map((upload, i) => (
        <UnfinishedRow key={upload.id} upload={upload} home={i === home} />
      ))}
    </ul>
  );
}
