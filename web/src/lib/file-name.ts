/** Why the server would not take a name. */
export type NameFault = 'empty' | 'slash' | 'control' | 'dots' | 'long';

const encoder = new TextEncoder();
const longest = 255; // bytes of UTF-8

/** What is wrong with the name of a file or folder; undefined: nothing. */
export function nameFault(name: string): NameFault | undefined {
  if (name === '') return 'empty';
  if (name === '.' || name === '..') return 'dots';
  if (name.includes('/')) return 'slash';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (/[\u0000-\u001f\u007f]/.test(name) || /\p{Surrogate}/u.test(name)) return 'control';
  if (name.length > longest / 3 && encoder.encode(name).length > longest) return 'long';
  return undefined;
}

const devices = /^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\.|$)/i;

/** Whether Windows cannot hold a file of this name: it would not show up in a mounted drive. */
export function troublesWindows(name: string): boolean {
  return /[<>:"\\|?*]/.test(name) || /[. ]$/.test(name) || devices.test(name);
}

/** 'photo' and '.jpg'. What has no dot but at its start has no ending. */
export function splitName(name: string): readonly [stem: string, ending: string] {
  const double = /^(.+)(\.tar\.[a-z0-9]{1,4})$/i.exec(name);
  if (double?.[1] && double[2]) return [double[1], double[2]];
  const dot = name.lastIndexOf('.');
  return dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, ''];
}

/**
 * Names to keep both files, in the order to try: 'photo (2).jpg', 'photo (3).jpg'. One
 * that has a number already counts on from it. A long stem is cut to stay within 255 bytes.
 */
export function* freeNames(name: string): Generator<string, never, void> {
  const [whole, ending] = splitName(name);
  const numbered = /^(.*) \((\d{1,6})\)$/s.exec(whole);
  const stem = numbered?.[1] || whole;
  for (let n = numbered?.[1] ? Number(numbered[2]) + 1 : 2; ; n++) {
    const tail = ` (${n})${ending}`;
    yield cut(stem, longest - encoder.encode(tail).length) + tail;
  }
}

function cut(stem: string, bytes: number): string {
  let short = stem;
  while (encoder.encode(short).length > bytes) short = [...short].slice(0, -1).join('');
  return short;
}
