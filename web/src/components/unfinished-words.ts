import type { Unfinished } from '../actions/types';
import { baseName } from '../lib/path';
import { text } from '../lib/text';
import { formatDate, formatSize, percentOf } from './format';

const words = text.unfinished;

/** What it is called: the file's name; a part of a file has none. */
export function nameOf({ path }: Unfinished): string {
  return path === '' ? words.part : baseName(path);
}

/** How much is there of how much. */
export function amountOf({ size, offset }: Unfinished): string {
  if (size < 0) return words.sizeless(formatSize(offset));
  return words.amount(formatSize(offset), formatSize(size), percentOf(offset, size));
}

/** When it began, and until when it is kept. */
export function timesOf({ created, expires }: Unfinished, now = Date.now()): readonly string[] {
  return [words.begun(formatDate(created, now)), words.kept(formatDate(expires, now))];
}

/** Why a person cannot go on with it here; undefined: they can. */
export function noteOf({ path, size, moving }: Unfinished): string | undefined {
  if (moving) return words.movingNote;
  if (path === '') return words.partNote;
  return size < 0 ? words.sizelessNote : undefined;
}

/** How many wait for somebody to go on with them. */
export function waitingOf(rows: readonly Unfinished[]): number {
  return rows.reduce((n, { moving }) => (moving ? n : n + 1), 0);
}

/** Bytes that arrived of them. */
export function arrivedOf(rows: readonly Unfinished[]): number {
  return rows.reduce((sum, { offset }) => sum + offset, 0);
}

/** A size to the byte, so that two that look alike can be told apart. */
export function exactOf(bytes: number): string {
  return words.other.exact(formatSize(bytes), words.other.bytes(bytes));
}
