import { expect, it } from 'vitest';
import type { Unfinished } from '../actions/types';
import { text } from '../lib/text';
import {
  amountOf,
  arrivedOf,
  exactOf,
  nameOf,
  noteOf,
  timesOf,
  waitingOf,
} from './unfinished-words';

const words = text.unfinished;
const upload = (more: Partial<Unfinished> = {}): Unfinished => ({
  id: 'x',
  path: 'docs/film.mp4',
  size: 2000,
  offset: 500,
  created: 0,
  expires: 0,
  moving: false,
  ...more,
});

it('names a file by its last part, and a part of one as what it is', () => {
  expect(nameOf(upload())).toBe('film.mp4');
  expect(nameOf(upload({ path: '' }))).toBe(words.part);
});

it('says how much of how much, and of an unknown size only how much', () => {
  expect(amountOf(upload())).toBe('500 bytes of 2.0 kB, 25 %');
  expect(amountOf(upload({ offset: 1999 }))).toBe('2.0 kB of 2.0 kB, 99 %');
  expect(amountOf(upload({ size: -1 }))).toBe('500 bytes so far');
});

it('says why a person cannot go on with it', () => {
  expect(noteOf(upload())).toBeUndefined();
  expect(noteOf(upload({ path: '' }))).toBe(words.partNote);
  expect(noteOf(upload({ size: -1 }))).toBe(words.sizelessNote);
  expect(noteOf(upload({ moving: true, size: -1 }))).toBe(words.movingNote);
});

it('says when it began and until when it is kept', () => {
  const noon = new Date(2026, 4, 5, 12, 0).getTime();
  const both = timesOf(upload({ created: noon, expires: noon + 7 * 86_400_000 }), noon);
  expect(both).toEqual(['Begun: Today, 12:00', 'Kept until: 12 May, 12:00']);
});

it('counts those that wait, and what arrived', () => {
  const rows = [upload(), upload({ moving: true }), upload({ offset: 7 })];
  expect([waitingOf(rows), arrivedOf(rows)]).toEqual([2, 1007]);
});

it('tells sizes apart to the byte', () => {
  expect(exactOf(1_000_000)).toBe('1.0 MB (1,000,000 bytes)');
  expect(exactOf(7)).toBe('7 bytes');
});
