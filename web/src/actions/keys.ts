import type { ActionId } from './types';

/** What of a KeyboardEvent counts. */
export interface Keystroke {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
  readonly shiftKey: boolean;
  readonly defaultPrevented: boolean;
  readonly target: EventTarget | null;
}

/** Shortcuts to show; 'Mod' is Ctrl, or Cmd on a Mac. */
export const shortcuts: Readonly<Partial<Record<ActionId, string>>> = {
  open: 'Enter',
  rename: 'F2',
  versions: 'Mod+Shift+H',
  delete: 'Delete',
  'drop-snapshot': 'Delete',
  purge: 'Shift+Delete',
  'select-all': 'Mod+A',
  up: 'Backspace',
  undo: 'Mod+Z',
};

/** More of them, that are not shown. */
const others: readonly (readonly [string, ActionId])[] = [
  ['Alt+ArrowUp', 'up'],
  ['Mod+ArrowUp', 'up'],
  ['Mod+ArrowDown', 'open'],
];
const onApple: readonly (readonly [string, ActionId])[] = [
  ['Mod+Backspace', 'delete'],
  ['Mod+Backspace', 'drop-snapshot'],
];

/** The action whose shortcut it is; of several the first that makes sense now. */
export function actionFor(
  event: Keystroke,
  apple: boolean,
  enabled: (id: ActionId) => boolean = () => true,
): ActionId | undefined {
  if (event.defaultPrevented || isTyping(event.target)) return undefined;
  const known = Object.entries(shortcuts) as [ActionId, string][];
  const more = others.concat(apple ? onApple : []);
  const id =
    known.find(([id, shortcut]) => fits(event, shortcut, apple) && enabled(id))?.[0] ??
    more.find(([shortcut, id]) => fits(event, shortcut, apple) && enabled(id))?.[1];
  // Enter on a button or a link is a press of that button.
  if (event.key === 'Enter' && hasOwnEnter(event.target)) return undefined;
  return id;
}

function fits(event: Keystroke, shortcut: string, apple: boolean): boolean {
  const parts = shortcut.split('+');
  const key = parts.pop() ?? '';
  const mod = parts.includes('Mod');
  return (
    event.key.toLowerCase() === key.toLowerCase() &&
    event.altKey === parts.includes('Alt') &&
    event.shiftKey === parts.includes('Shift') &&
    event.metaKey === (mod && apple) &&
    event.ctrlKey === (mod && !apple)
  );
}

interface ElementLike {
  readonly tagName: string;
  readonly type?: string;
  readonly isContentEditable?: boolean;
  closest?(selector: string): unknown;
}

function asElement(target: EventTarget | null): ElementLike | undefined {
  const element = target as unknown as ElementLike | null;
  return typeof element?.tagName === 'string' ? element : undefined;
}

const notText = new Set(['checkbox', 'radio', 'button', 'submit', 'reset', 'file', 'range']);

function isTyping(target: EventTarget | null): boolean {
  const element = asElement(target);
  if (!element) return false;
  if (element.isContentEditable) return true;
  if (element.tagName === 'INPUT') return !notText.has(element.type ?? 'text');
  return element.tagName === 'TEXTAREA' || element.tagName === 'SELECT';
}

function hasOwnEnter(target: EventTarget | null): boolean {
  const element = asElement(target);
  return Boolean(
    element?.closest?.('a[href], button, summary, [role="button"], [role^="menuitem"]'),
  );
}
