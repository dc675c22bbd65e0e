export const plurals = new Intl.PluralRules('en');
export const numbers = new Intl.NumberFormat('en');
export const lists = new Intl.ListFormat('en');

/** '1 file', '1,200 files'. */
export function count(n: number, one: string, many: string): string {
  return `${numbers.format(n)} ${plurals.select(n) === 'one' ? one : many}`;
}
