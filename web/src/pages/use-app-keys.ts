import { useEffect } from 'react';
import { useApp } from '../components/app-context';

/** Shortcuts of the actions, wherever the focus is: but not while somebody types or answers. */
export function useAppKeys(): void {
  const app = useApp();
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.isComposing) return;
      const target = event.target instanceof Element ? event.target : null;
      if (target?.matches('input:not([type="checkbox"]), textarea, select')) return;
      if (target?.closest('[role="menu"]') || document.querySelector('[role$="dialog"]')) return;
      // Those press what has the focus. In the list FileGrid knows what they mean.
      if (event.key === 'Enter' || event.key === ' ') return;
      if (app.key(event)) event.preventDefault();
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, [app]);
}
