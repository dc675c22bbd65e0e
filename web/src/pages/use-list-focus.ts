import { useEffect, useRef } from 'react';
import { focusHome } from '../components/focus-home';

/**
 * The link that led here went with what it was on: the focus goes on in the list, once it
 * stands, and so it does in each other list of the page; which tells them apart.
 */
export function useListFocus(state: string, which: string): void {
  const begun = useRef<string | undefined>(undefined);
  useEffect(() => {
    if (state === 'loading' || begun.current === which) return;
    begun.current = which;
    requestAnimationFrame(() => {
      const active = document.activeElement;
      if (active === null || active.matches('body, main')) focusHome(null);
    });
  }, [state, which]);
}
