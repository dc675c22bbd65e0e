import { describe, expect, test } from 'vitest';
import { mountAddress } from './address';
import { guideFor, guides } from './guides';

const codes = (base: string) =>
  guides(mountAddress(base)).flatMap((guide) =>
    guide.methods.flatMap((method) => method.steps.flatMap((step) => step.code ?? [])),
  );

describe('guides', () => {
  test('every guide names the address somewhere', () => {
    for (const guide of guides(mountAddress('https://nas.example.org/files/'))) {
      expect(JSON.stringify(guide), guide.name).toContain('//nas.example.org/files/dav/');
    }
  });

  test('an address with shell characters is quoted in commands', () => {
    const commands = codes("https://nas.example.org/it's&mine/").filter((c) => c.includes(' '));
    expect(commands.join('\n')).toContain(`'https://nas.example.org/it'\\''s&mine/dav/'`);
  });

  test('Windows is warned about plain HTTP only where it applies', () => {
    const notes = (base: string) => guides(mountAddress(base))[0]?.methods[0]?.notes.length;
    expect(notes('http://nas/')).toBe(2);
    expect(notes('https://nas/')).toBe(1);
  });
});

describe('guideFor', () => {
  test.each([
    ['Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36', 'windows'],
    ['Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15', 'macos'],
    ['Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Mobile/15E148', 'phone'],
    ['Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 Mobile', 'phone'],
    ['Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36', 'linux'],
    ['', 'linux'],
  ])('%s opens %s', (userAgent, want) => {
    expect(guideFor(userAgent)).toBe(want);
  });
});
