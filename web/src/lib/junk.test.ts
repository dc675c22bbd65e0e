import { expect, test } from 'vitest';
import { isJunk } from './junk';

test.each([
  '._film.mov',
  '.DS_Store',
  'Thumbs.db',
  'desktop.ini',
  '~$letter.docx',
  '.~lock.sheet.ods#',
])('%s is left out', (name) => expect(isJunk(name)).toBe(true));

test.each(['film.mov', '.hidden', 'desktop.ini.txt', '~backup', 'a~', '.~lock.x', 'my ._notes'])(
  '%s is shown',
  (name) => expect(isJunk(name)).toBe(false),
);
