// A zip file in; its entries out, each unpacked only when it is asked for. PKWARE's APPNOTE 6.3.10, without zip64.

const END = 0x06054b50;
const ENTRY = 0x02014b50;
const LOCAL = 0x04034b50;
const STORED = 0;
const DEFLATED = 8;
const END_BYTES = 22;
const LONGEST_COMMENT = 65535;
const MOST_ENTRIES = 65534;

/** A zip that cannot be read; its code is a text of the page. */
export class ZipError extends Error {
  constructor(code) {
    super(code);
    this.code = code;
  }
}

/** Whether a file is a zip, by its first bytes. */
export async function isZip(file) {
  const head = new DataView(await file.slice(0, 4).arrayBuffer());
  return head.byteLength === 4 && [LOCAL, END].includes(head.getUint32(0, true));
}

/** The files in a zip, folders and hidden ones left out.
 * @param {File} file
 * @returns {Promise<{path: string, size: number, open: () => Promise<File>}[]>}
 */
export async function entriesOf(file) {
  const tail = await view(file, Math.max(0, file.size - END_BYTES - LONGEST_COMMENT), file.size);
  let at = tail.byteLength - END_BYTES;
  while (at >= 0 && tail.getUint32(at, true) !== END) at -= 1;
  if (at < 0) throw new ZipError("zip_damaged");
  const [count, bytes, start] = [tail.getUint16(at + 10, true), tail.getUint32(at + 12, true), tail.getUint32(at + 16, true)];
  if (count > MOST_ENTRIES || start === 0xffffffff) throw new ZipError("zip_large");
  if (start + bytes > file.size) throw new ZipError("zip_damaged");
  return listed(file, await view(file, start, start + bytes), count).filter(({ path }) => isShown(path));
}

function listed(file, table, count) {
  const found = [];
  let at = 0;
  for (let number = 0; number < count; number += 1) {
    if (at + 46 > table.byteLength || table.getUint32(at, true) !== ENTRY) throw new ZipError("zip_damaged");
    const [flags, method] = [table.getUint16(at + 8, true), table.getUint16(at + 10, true)];
    const [packed, size] = [table.getUint32(at + 20, true), table.getUint32(at + 24, true)];
    const [named, extra, comment] = [28, 30, 32].map((offset) => table.getUint16(at + offset, true));
    const start = table.getUint32(at + 42, true);
    if (at + 46 + named > table.byteLength) throw new ZipError("zip_damaged");
    const name = new Uint8Array(table.buffer, table.byteOffset + at + 46, named);
    const path = new TextDecoder(flags & 0x800 ? "utf-8" : "windows-1252").decode(name);
    found.push({ path, size, open: () => unpacked(file, { path, flags, method, packed, size, start }) });
    at += 46 + named + extra + comment;
  }
  return found;
}

async function unpacked(file, { path, flags, method, packed, size, start }) {
  if (flags & 1) throw new ZipError("zip_locked");
  if (method !== STORED && method !== DEFLATED) throw new ZipError("zip_method");
  const head = await view(file, start, start + 30);
  if (head.byteLength < 30 || head.getUint32(0, true) !== LOCAL) throw new ZipError("zip_damaged");
  const data = start + 30 + head.getUint16(26, true) + head.getUint16(28, true);
  const piece = file.slice(data, data + packed);
  const name = path.split("/").pop();
  return new File(method === STORED ? [piece] : await inflated(piece, size), name);
}

/** No more than the table promised: a bomb ends here. */
async function inflated(piece, size) {
  const reader = piece.stream().pipeThrough(new DecompressionStream("deflate-raw")).getReader();
  const found = [];
  let bytes = 0;
  for (;;) {
    const { done, value } = await reader.read().catch(() => {
      throw new ZipError("zip_damaged");
    });
    if (done) break;
    bytes += value.length;
    if (bytes > size) {
      await reader.cancel();
      throw new ZipError("zip_damaged");
    }
    found.push(value);
  }
  if (bytes !== size) throw new ZipError("zip_damaged");
  return found;
}

const view = async (file, from, to) => new DataView(await file.slice(from, to).arrayBuffer());

const isShown = (path) => !path.endsWith("/") && path.split("/").every((part) => !part.startsWith(".") && part !== "__MACOSX");
