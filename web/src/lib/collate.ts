/** Compares names as people sort them: 'page 9' before 'page 10', 'é' next to 'e'. */
const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: 'variant' });

export const compareNames: (a: string, b: string) => number = collator.compare;

const ascii = /^[ -~]*$/;

/** What a filter compares: no case, no accents. */
export function foldName(name: string): string {
  if (ascii.test(name)) return name.toLowerCase();
  return name.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
}
