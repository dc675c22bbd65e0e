import { expect, test } from 'vitest';
import { createParts } from './parts';

const MiB = 1 << 20;

test('parts grow while they are quick, up to what memory bears', () => {
  const parts = createParts();
  expect(parts.size).toBe(8 * MiB);
  parts.arrived(8 * MiB, 800);
  expect(parts.size).toBe(16 * MiB);
  parts.arrived(16 * MiB, 2500); // long enough
  expect(parts.size).toBe(16 * MiB);
  for (let i = 0; i < 10; i++) parts.arrived(parts.size, 100);
  expect(parts.size).toBe(32 * MiB);
});

test('the last part of a file says nothing', () => {
  const parts = createParts();
  parts.arrived(1000, 5);
  expect(parts.size).toBe(8 * MiB);
});

test('parts that take long become smaller', () => {
  const parts = createParts();
  parts.arrived(8 * MiB, 30_000);
  parts.arrived(4 * MiB, 21_000);
  expect(parts.size).toBe(2 * MiB);
});

test('what was refused is not tried again', () => {
  const parts = createParts();
  for (let i = 0; i < 3; i++) expect(parts.refused()).toBe(true);
  expect(parts.size).toBe(MiB);
  for (let i = 0; i < 5000; i++) parts.arrived(MiB, 10);
  expect(parts.size).toBe(MiB);
});

test('a refusal of the smallest is final', () => {
  const parts = createParts();
  let n = 0;
  while (parts.refused()) n++;
  expect(n).toBe(7);
  expect(parts.size).toBe(64 << 10);
});

test('a body that never comes through becomes smaller, and larger again only after a while', () => {
  const parts = createParts();
  parts.broke(50, true);
  parts.broke(50, true);
  expect(parts.size).toBe(2 * MiB);
  for (let i = 0; i < 63; i++) parts.arrived(2 * MiB, 100);
  expect(parts.size).toBe(2 * MiB);
  parts.arrived(2 * MiB, 100);
  expect(parts.size).toBe(4 * MiB);
  parts.broke(50, true); // as before
  for (let i = 0; i < 511; i++) parts.arrived(2 * MiB, 100);
  expect(parts.size).toBe(2 * MiB);
});

test('a connection that breaks between others says nothing of the size', () => {
  const parts = createParts();
  for (let i = 0; i < 10; i++) parts.broke(3000, false);
  expect(parts.size).toBe(8 * MiB);
});

test('what is cut after a time becomes small enough for that time', () => {
  const parts = createParts();
  parts.broke(60_000, false);
  expect(parts.size).toBe(2 * MiB);
});
