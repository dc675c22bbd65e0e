import { Search, X } from 'lucide-react';
import { type RefObject, useEffect, useRef } from 'react';
import type { Tree } from '../actions/types';
import { text } from '../lib/text';
import styles from './filter-box.module.css';
import { useObservable } from './use-observable';

/** Narrows the list to names that hold what is typed. '/' and the browser's own find lead here. */
export function FilterBox({ tree }: { tree: Tree }) {
  const { filter } = useObservable(tree.folder);
  const input = useRef<HTMLInputElement>(null);
  useFindKeys(input);

  const clear = () => {
    tree.filter('');
    input.current?.focus();
  };

  return (
    <search className={styles.box}>
      <Search aria-hidden="true" className={styles.icon} />
      <input
        ref={input}
        type="text"
        inputMode="search"
        enterKeyHint="search"
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        dir="auto"
        className={styles.input}
        aria-label={text.files.filter}
        placeholder={text.files.filter}
        value={filter}
        onChange={(event) => tree.filter(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === 'Escape' && filter) {
            event.preventDefault();
            clear();
          } else if (event.key === 'ArrowDown' || event.key === 'Enter') {
            event.preventDefault();
            document.querySelector<HTMLElement>('[role="row"][tabindex="0"]')?.focus();
          }
        }}
      />
      {filter && (
        <button
          type="button"
          className={styles.clear}
          aria-label={text.files.clearFilter}
          onClick={clear}
        >
          <X aria-hidden="true" />
        </button>
      )}
    </search>
  );
}

/** The rows out of sight are not in the page, so the browser's find would miss them. */
function useFindKeys(input: RefObject<HTMLInputElement | null>) {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const typing = event.target instanceof Element && event.target.matches('input, textarea');
      const box = input.current;
      if (!box || event.defaultPrevented || document.querySelector('[role$="dialog"]')) return;
      const slash = event.key === '/' && !typing && !event.ctrlKey && !event.metaKey;
      const find =
        event.key.toLowerCase() === 'f' &&
        (event.ctrlKey || event.metaKey) &&
        !event.shiftKey &&
        !event.altKey &&
        document.activeElement !== box; // asked twice: the browser's own
      if (!slash && !find) return;
      event.preventDefault();
      box.focus();
      box.select();
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, [input]);
}
