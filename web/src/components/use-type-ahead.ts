import { type KeyboardEvent, useRef } from 'react';
import type { Row, Selection } from '../actions/types';

const pause = 900; // milliseconds after which a new word begins

/** Letters typed in the list lead to the next name that begins with them. */
export function useTypeAhead(rows: readonly Row[], focusAt: number, selection: Selection) {
  const typed = useRef({ word: '', at: 0 });
  return (event: KeyboardEvent): boolean => {
    if (event.key.length !== 1 || event.ctrlKey || event.metaKey || event.key === '/') return false;
    const now = event.timeStamp;
    const last = typed.current;
    const word = (now - last.at < pause ? last.word : '') + event.key.toLocaleLowerCase();
    typed.current = { word, at: now };
    // The same letter again and again goes through the names with it.
    const same = new Set(word).size === 1;
    const prefix = same ? word.slice(0, 1) : word;
    const from = focusAt + (same ? 1 : 0);
    for (let i = 0; i < rows.length; i++) {
      const row = rows[(from + i) % rows.length];
      if (row?.name.toLocaleLowerCase().startsWith(prefix)) {
        selection.choose(row.id, 'only');
        break;
      }
    }
    return true;
  };
}
