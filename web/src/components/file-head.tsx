import { ArrowDown, ArrowUp } from 'lucide-react';
import type { SortKey, Tree } from '../actions/types';
import { text } from '../lib/text';
import { useApp } from './app-context';
import { ChooseAll } from './choose-all';
import styles from './file-grid.module.css';
import { useObservable } from './use-observable';

const columns: readonly { readonly key: SortKey; readonly name: string }[] = [
  { key: 'name', name: text.files.name },
  { key: 'size', name: text.files.size },
  { key: 'mtime', name: text.files.modified },
];

/** The first row: choose all, and a button a column that sorts by it. */
export function FileHead({ tree }: { tree: Tree }) {
  const app = useApp();
  const { rows, sort } = useObservable(tree.folder);

  return (
    // biome-ignore-start lint/a11y/useSemanticElements: as the rows
    // biome-ignore-start lint/a11y/useFocusableInteractive: the buttons in it are
    <div role="rowgroup" className={styles.head}>
      <div role="row" aria-rowindex={1} className={styles.headRow}>
        <div role="columnheader" className={styles.check}>
          <ChooseAll rows={rows} selection={tree.selection} />
        </div>
        {columns.map(({ key, name }) => {
          const sorted = sort.key === key;
          const Arrow = sort.descending ? ArrowDown : ArrowUp;
          return (
            <div
              key={key}
              role="columnheader"
              aria-sort={sorted ? (sort.descending ? 'descending' : 'ascending') : 'none'}
              className={styles[key]}
            >
              <button
                type="button"
                title={text.files.sortBy(name)}
                className={sorted ? styles.sorted : styles.sort}
                onClick={() => app.sortBy(key)}
              >
                {name}
                <Arrow aria-hidden="true" />
              </button>
            </div>
          );
        })}
        <div role="columnheader" className={styles.more}>
          <span className="visually-hidden">{text.files.moreColumn}</span>
        </div>
      </div>
    </div>
    // biome-ignore-end lint/a11y/useFocusableInteractive: the buttons in it are
    // biome-ignore-end lint/a11y/useSemanticElements: as the rows
  );
}
