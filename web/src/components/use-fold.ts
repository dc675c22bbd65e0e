import { useEffect, useState } from 'react';

const rest = 4000; // milliseconds that it stays open after the last file
const again = 1500; // milliseconds until the next look while the person is in it

/**
 * Whether the panel at the foot of the page is folded. Some time after all went well it folds
 * by itself, so that it does not cover the list for good, and opens with the next work; what
 * the person chose comes first.
 */
export function useFold(finished: boolean): readonly [boolean, (folded: boolean) => void] {
  const [chosen, choose] = useState<boolean | undefined>(undefined);
  const [rested, setRested] = useState(false);
  if (rested && !finished) {
    setRested(false);
    if (chosen === false) choose(undefined);
  }

  useEffect(() => {
    if (!finished || rested) return;
    const look = () => {
      const inUse = document.querySelector('[data-dock]:is(:hover, :focus-within)');
      if (inUse) timer = setTimeout(look, again);
      else setRested(true);
    };
    let timer = setTimeout(look, rest);
    return () => clearTimeout(timer);
  }, [finished, rested]);

  const fold = (folded: boolean) => choose(folded || (rested ? false : undefined));
  return [chosen ?? rested, fold];
}
