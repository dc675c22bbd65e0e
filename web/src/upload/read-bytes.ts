/** The file could not be read; told apart from what the network does. */
export class ReadFault extends Error {}

/** The bytes [start, end) of a file; fails with a ReadFault. */
export async function readBytes(
  file: File,
  start: number,
  end: number,
): Promise<Uint8Array<ArrayBuffer>> {
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = new Uint8Array(await file.slice(start, end).arrayBuffer());
  } catch {
    throw new ReadFault();
  }
  // Not every browser notices that a file has become shorter.
  if (bytes.length !== end - start) throw new ReadFault();
  return bytes;
}
