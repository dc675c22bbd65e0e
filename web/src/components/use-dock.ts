import { type RefCallback, useCallback } from 'react';

/**
 * For what lies over the foot of the page: its height becomes --dock, so that lists leave
 * room below their last row and messages stand above it.
 */
export function useDock(): RefCallback<HTMLElement> {
  return useCallback((dock: HTMLElement | null) => {
    if (!dock) return;
    const { style } = document.documentElement;
    const observer = new ResizeObserver(() =>
      style.setProperty('--dock', `${dock.offsetHeight}px`),
    );
    observer.observe(dock);
    return () => {
      observer.disconnect();
      style.removeProperty('--dock');
    };
  }, []);
}

/** Scrolls on when a row that got the focus lies under the dock. */
export function clearOfDock(row: HTMLElement, scroller: HTMLElement): void {
  const dock = document.querySelector('[data-dock]');
  if (!dock) return;
  const cover = dock.getBoundingClientRect();
  const place = row.getBoundingClientRect();
  if (place.bottom > cover.top && place.right > cover.left) {
    scroller.scrollBy({ top: place.bottom - cover.top });
  }
}
