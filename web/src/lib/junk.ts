/**
 * Whether a name is one that programs give to files of their own beside those of people, as
 * macOS, Windows and office suites do. The server keeps no versions and no trash of these
 * (store/junk.go has the same names); lists leave them out.
 */
export function isJunk(name: string): boolean {
  if (!'.~tTdD'.includes(name.charAt(0))) return false; // one of very many names
  const lower = name.toLowerCase();
  return (
    lower === '.ds_store' ||
    lower === 'thumbs.db' ||
    lower === 'desktop.ini' ||
    name.startsWith('._') ||
    name.startsWith('~$') ||
    (name.startsWith('.~lock.') && name.endsWith('#'))
  );
}
