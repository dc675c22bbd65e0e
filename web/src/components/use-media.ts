import { useCallback, useSyncExternalStore } from 'react';

/** Where the list becomes two lines a row; the style sheets say the same. */
export const narrow = '(width < 44rem)';

export function useMedia(query: string): boolean {
  return useSyncExternalStore(
    useCallback(
      (listener: () => void) => {
        const media = matchMedia(query);
        media.addEventListener('change', listener);
        return () => media.removeEventListener('change', listener);
      },
      [query],
    ),
    () => matchMedia(query).matches,
  );
}

/** Pixels of a length in rem: what is measured in script grows with the text too. */
export function rem(length: number): number {
  return length * Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
}
