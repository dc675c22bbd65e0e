import { extensionOf } from './kind';

const short = 12; // characters that fit in the narrowest list

/**
 * A name as it is shown, in two parts: the first is cut where room is short, the second is
 * always seen. A short name is one part, drawn in one run.
 */
export function namePartsOf(name: string): readonly [start: string, end: string] {
  const whole = visible(name);
  if (whole.length <= short) return [whole, ''];
  const end = endOf(whole);
  return [whole.slice(0, whole.length - end.length), end];
}

function endOf(name: string): string {
  const extension = extensionOf(name);
  if (!extension || name.length < 24) return extension;
  // A few characters more tell IMG_0001 (copy 1) from IMG_0001 (copy 2). Only where a
  // cut between any two letters is harmless: not in scripts that join theirs.
  const before = Array.from(name.slice(0, -extension.length)).slice(-4).join('');
  return /^[\p{Script=Latin}\p{N}\p{P} ]+$/u.test(before) ? before + extension : extension;
}

/** With a sign for each character that would break the line or turn the name around. */
function visible(name: string): string {
  return name
    .replace(/\p{Cc}/gu, (it) => picture(it.charCodeAt(0)))
    .replace(/[\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, '\ufffd');
}

/** The sign of a control character, such as ␊. */
function picture(code: number): string {
  if (code < 0x20) return String.fromCharCode(0x2400 + code);
  return code === 0x7f ? '\u2421' : '\ufffd';
}
