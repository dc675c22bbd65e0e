/*
 * Paths in the tree: names with '/' between, none at the ends; '' is the top.
 */

/** Puts parts one below the other; empty ones count for nothing. */
export function joinPath(...parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join('/');
}

/** The folder that holds it; '' for what lies at the top. */
export function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

/** The last part. */
export function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** The names on the way; none for the top. */
export function partsOf(path: string): string[] {
  return path === '' ? [] : path.split('/');
}

/** Whether path is the folder or lies anywhere below it. */
export function isWithin(path: string, folder: string): boolean {
  return folder === '' || path === folder || path.startsWith(`${folder}/`);
}

/** Where a path is after what stood at from went to `to`; unchanged if it was not below. */
export function movedPath(path: string, from: string, to: string): string {
  return from !== '' && isWithin(path, from) ? joinPath(to, path.slice(from.length + 1)) : path;
}
