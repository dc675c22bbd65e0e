const apple = /Mac|iPhone|iPad/.test(globalThis.navigator?.userAgent ?? '');

const names: Readonly<Record<string, string>> = apple
  ? { Mod: '⌘', Alt: '⌥', Shift: '⇧', Delete: '⌦', Backspace: '⌫', Enter: '↩' }
  : { Mod: 'Ctrl', Delete: 'Del' };

const arrows: Readonly<Record<string, string>> = {
  ArrowUp: '↑',
  ArrowDown: '↓',
  ArrowLeft: '←',
  ArrowRight: '→',
};

/** 'Mod+A' as the keys of this computer are labelled: 'Ctrl+A', '⌘A'. */
export function shortcutLabel(shortcut: string): string {
  return shortcut
    .split('+')
    .map((key) => names[key] ?? arrows[key] ?? key)
    .join(apple ? '' : '+');
}
