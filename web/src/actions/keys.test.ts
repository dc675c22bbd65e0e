import { expect, test } from 'vitest';
import { actionFor, type Keystroke } from './keys';

function stroke(shortcut: string, more: Partial<Keystroke> = {}): Keystroke {
  const parts = shortcut.split('+');
  return {
    key: parts.at(-1) ?? '',
    ctrlKey: parts.includes('Ctrl'),
    metaKey: parts.includes('Cmd'),
    altKey: parts.includes('Alt'),
    shiftKey: parts.includes('Shift'),
    defaultPrevented: false,
    target: null,
    ...more,
  };
}

const element = (tagName: string, more = {}) =>
  ({ tagName, closest: () => null, ...more }) as unknown as EventTarget;

test.each([
  ['Enter', 'open'],
  ['F2', 'rename'],
  ['Delete', 'delete'],
  ['Ctrl+a', 'select-all'],
  ['Backspace', 'up'],
  ['Alt+ArrowUp', 'up'],
  ['Ctrl+z', 'undo'],
  ['Ctrl+Shift+z', undefined],
  ['a', undefined],
  ['Cmd+a', undefined],
  ['Ctrl+Delete', undefined],
])('%s: %s', (shortcut, action) => {
  expect(actionFor(stroke(shortcut), false)).toBe(action);
});

test.each([
  ['Cmd+a', 'select-all'],
  ['Cmd+z', 'undo'],
  ['Cmd+Backspace', 'delete'],
  ['Ctrl+a', undefined],
])('on a Mac %s: %s', (shortcut, action) => {
  expect(actionFor(stroke(shortcut), true)).toBe(action);
});

test('of two with one shortcut the first that makes sense', () => {
  const only = (wanted: string) => (id: string) => id === wanted;
  expect(actionFor(stroke('Delete'), false, only('drop-snapshot'))).toBe('drop-snapshot');
  expect(actionFor(stroke('Cmd+Backspace'), true, only('drop-snapshot'))).toBe('drop-snapshot');
  expect(actionFor(stroke('Delete'), false, only('rename'))).toBeUndefined();
});

test('not while typing', () => {
  for (const target of [
    element('INPUT', { type: 'text' }),
    element('TEXTAREA'),
    element('SELECT'),
    element('DIV', { isContentEditable: true }),
  ]) {
    expect(actionFor(stroke('Delete', { target }), false)).toBeUndefined();
  }
  const target = element('INPUT', { type: 'checkbox' });
  expect(actionFor(stroke('Delete', { target }), false)).toBe('delete');
});

test('Enter on a button is the button’s; what is handled already is left alone', () => {
  const target = element('BUTTON', { closest: () => ({}) });
  expect(actionFor(stroke('Enter', { target }), false)).toBeUndefined();
  expect(actionFor(stroke('F2', { target }), false)).toBe('rename');
  expect(actionFor(stroke('F2', { defaultPrevented: true }), false)).toBeUndefined();
});
