/**
 * SHA-256 in base64. Browsers have it on https and on this very device only; elsewhere it is
 * done in JavaScript, at some 100 MB/s.
 */
export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  if (globalThis.crypto?.subtle) {
    return base64(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)));
  }
  const { sha256: plain } = await import('@noble/hashes/sha2.js');
  return base64(plain(bytes));
}

function base64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}
