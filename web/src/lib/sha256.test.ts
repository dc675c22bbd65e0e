import { afterEach, describe, expect, test, vi } from 'vitest';
import { sha256 } from './sha256';

const bytes = (text: string) => new TextEncoder().encode(text);

afterEach(() => vi.unstubAllGlobals());

// FIPS 180-4's examples, and a length at which a block is just full.
const vectors: [string, string][] = [
  ['', '47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='],
  ['abc', 'ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0='],
];

describe.each([
  ['of the browser', () => {}],
  ['without one', () => vi.stubGlobal('crypto', {})],
])('SHA-256 %s', (_, prepare) => {
  test.each(vectors)('%j', async (text, want) => {
    prepare();
    expect(await sha256(bytes(text))).toBe(want);
  });
});

test('both come to the same', async () => {
  const some = new Uint8Array(1 << 20).map((_, n) => (n * 31) >> 3);
  const one = await sha256(some);
  vi.stubGlobal('crypto', {});
  expect(await sha256(some)).toBe(one);
});
