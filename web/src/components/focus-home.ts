/**
 * Gives the focus back to what had it before a dialog or a menu, or, if that is gone, to
 * what is marked for it, the row of the list that has it, or the page's main part: never to
 * nothing.
 */
export function focusHome(before: Element | null): void {
  if (before instanceof HTMLElement && before !== document.body && before.isConnected) {
    before.focus({ preventScroll: true });
    if (document.activeElement === before) return;
  }
  const home =
    document.querySelector<HTMLElement>('[data-home]') ??
    document.querySelector<HTMLElement>('[role="row"][tabindex="0"]') ??
    document.querySelector<HTMLElement>('main');
  home?.focus({ preventScroll: true });
}
