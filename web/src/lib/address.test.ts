import { describe, expect, test } from 'vitest';
import { mountAddress } from './address';

describe('mountAddress', () => {
  test.each([
    ['http://127.0.0.1:8080/', 'http://127.0.0.1:8080/dav/'],
    ['https://files.example.org/', 'https://files.example.org/dav/'],
    ['https://example.org/files/', 'https://example.org/files/dav/'],
    ['https://example.org/files/index.html', 'https://example.org/files/dav/'],
    ['https://example.org:443/', 'https://example.org/dav/'],
    ['https://a:b@example.org/?q=1#top', 'https://example.org/dav/'],
    ['http://[::1]:8080/', 'http://[::1]:8080/dav/'],
  ])('%s is mounted at %s', (base, want) => {
    expect(mountAddress(base).url).toBe(want);
  });

  test('GNOME Files wants a scheme of its own', () => {
    expect(mountAddress('https://example.org/files/').gnome).toBe('davs://example.org/files/dav/');
    expect(mountAddress('http://nas:8080/').gnome).toBe('dav://nas:8080/dav/');
  });

  test.each([
    ['http://127.0.0.1:8080/', true],
    ['http://127.9.9.9/', true],
    ['http://localhost:8080/', true],
    ['http://cairn.localhost/', true],
    ['http://[::1]/', true],
    ['http://127.0.0.1.example.org/', false],
    ['http://192.168.1.5/', false],
    ['https://localhost.example.org/', false],
  ])('%s is for this computer only: %s', (base, want) => {
    expect(mountAddress(base).thisComputerOnly).toBe(want);
  });

  test('only https counts as encrypted', () => {
    expect(mountAddress('https://example.org/').encrypted).toBe(true);
    expect(mountAddress('http://example.org/').encrypted).toBe(false);
  });
});
