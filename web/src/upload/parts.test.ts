import { expect, test } from 'vitest';
import { createParts } from './parts';

const MiB = 1 << 20;

test('parts grow while they are quick, up to what memory bears', () => {
  const parts = createParts();
  expect(parts.size).toBe(8 * MiB);
  parts.arrived(8 * MiB, 800);
  expect(parts.size).toBe(16 * MiB);
  for (let i = 0; i < 10; i++) parts.arrived(parts.size, 100);
  expect(parts.size).toBe(16 * MiB);
});

test('the last part of a file says nothing', () => {
  const parts = createParts();
  parts.arrived(1000, 5);
  parts.arrived(1000, 30_000); // the server was busy
  parts.broke(1000, 60_000, true);
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
  for (let i = 0; i < 3; i++) expect(parts.refused(parts.size)).toBe(true);
  expect(parts.size).toBe(MiB);
  for (let i = 0; i < 511; i++) parts.arrived(MiB, 10);
  expect(parts.size).toBe(MiB);
  parts.arrived(MiB, 10); // but not for good
  expect(parts.size).toBe(2 * MiB);
});

test('a refusal of the smallest is final', () => {
  const parts = createParts();
  let n = 0;
  expect(parts.refused(10_000)).toBe(false);
  expect(parts.size).toBe(8 * MiB);
  while (parts.refused(parts.size)) n++;
  expect(n).toBe(7);
  expect(parts.size).toBe(64 << 10);
});

test('a body that never comes through becomes smaller, and larger again only after a while', () => {
  const parts = createParts();
  parts.broke(parts.size, 50, true);
  parts.broke(parts.size, 50, true);
  expect(parts.size).toBe(2 * MiB);
  for (let i = 0; i < 63; i++) parts.arrived(2 * MiB, 100);
  expect(parts.size).toBe(2 * MiB);
  parts.arrived(2 * MiB, 100);
  expect(parts.size).toBe(4 * MiB);
  parts.broke(parts.size, 50, true); // as before
  for (let i = 0; i < 255; i++) parts.arrived(2 * MiB, 100);
  expect(parts.size).toBe(2 * MiB);
});

test('a connection that breaks between others says nothing of the size', () => {
  const parts = createParts();
  for (let i = 0; i < 10; i++) parts.broke(8 * MiB, 3000, false);
  expect(parts.size).toBe(8 * MiB);
});

test('what is cut after a time becomes small enough for that time', () => {
  const parts = createParts();
  parts.broke(8 * MiB, 60_000, false);
  expect(parts.size).toBe(2 * MiB);
});

test('what is cut after a time is not tried again where it would take that time', () => {
  const parts = createParts();
  parts.broke(8 * MiB, 1500, true);
  for (let i = 0; i < 500; i++) parts.arrived(4 * MiB, 800);
  expect(parts.size).toBe(4 * MiB);
  for (let i = 0; i < 8; i++) parts.arrived(4 * MiB, 100); // the line is quicker now
  expect(parts.size).toBe(8 * MiB);
});

test('three bodies of one size that do not come through are one thing learned', () => {
  const parts = createParts();
  for (let i = 0; i < 3; i++) expect(parts.refused(8 * MiB)).toBe(true);
  expect(parts.size).toBe(4 * MiB);
  for (let i = 0; i < 3; i++) expect(parts.broke(4 * MiB, 50, true)).toBe(true);
  expect(parts.size).toBe(2 * MiB);
});

test('the whole of a small file that is refused', () => {
  const parts = createParts();
  expect(parts.refused(900 << 10)).toBe(true);
  expect(parts.size).toBe(512 << 10);
});

test('after a body is handed over, silence is borne by what the line is like', () => {
  const parts = createParts();
  expect(parts.silence(8 * MiB)).toBe(60_000);
  parts.arrived(8 * MiB, 1000);
  expect(parts.silence(8 * MiB)).toBe(24_000);
  for (let i = 0; i < 10; i++) parts.arrived(4 * MiB, 30_000);
  expect(parts.silence(4 * MiB)).toBe(60_000);
});

test('one small body that breaks does not make all parts as small', () => {
  const parts = createParts();
  parts.broke(300 << 10, 50, true);
  expect(parts.size).toBe(4 * MiB);
});
