// A file that somebody chose in; the square that the network sees, as Python's decode and resize make it, out.
import { readMetadata } from "./metadata.js";
import { averaged, decodedSmaller, reduction } from "./reduced.js";
import { resizeRows } from "./resize.js";

const [MOST_BYTES, MOST_PIXELS, LEAST_SIDE] = [100_000_000, 40_000_000, 8];
const HEAD_BYTES = 1 << 18;
const STRIP_ROWS = 256; // of a photo are looked at together: a canvas as large as the photo is too much for phones
const READABLE = new Set(["JPEG", "PNG", "WEBP", "AVIF", "HEIF"]);

/** Why a photo could not be read: a code of docs/reference/errors.md, and a line for people. */
export class PhotoError extends Error {
  constructor(code, message) {
    super(message);
    Object.assign(this, { name: "PhotoError", code });
  }
}

/** Reads one photo.
 * @param {File} file
 * @param {{size_px: number, crop: string, interpolation: string}} preprocess of the model
 * @returns {Promise<{square: Uint8Array, side: number, width: number, height: number, gps: object|null, sha256: string|null}>}
 *   square: S·S·3 RGB; width and height as seen
 * @throws {PhotoError}
 */
export async function readPhoto(file, preprocess) {
  const facts = await inspect(file);
  const picture = (await decodedSmaller(file, facts, preprocess.size_px)) ?? (await decodedWhole(file, facts, preprocess.size_px));
  const { width, height, size, rows } = picture;
  try {
    check(width, height);
    const square = resizeRows(rows, size, boxOf(size, preprocess.crop), preprocess.size_px, preprocess.interpolation);
    return { square, side: preprocess.size_px, width, height, gps: facts.gps, sha256: await digest(file) };
  } finally {
    picture.close?.();
  }
}

/** See decodedSmaller in reduced.js. To be closed when the rows are read. */
async function decodedWhole(file, facts, wanted) {
  const bitmap = await open(file, facts);
  const { width, height } = bitmap;
  const scale = facts.kind === "JPEG" ? reduction(Math.min(width, height), wanted) : 1;
  const rows = scale === 1 ? rowsOf(bitmap) : averaged(rowsOf(bitmap), bitmap, scale, facts.orientation);
  const size = { width: Math.ceil(width / scale), height: Math.ceil(height / scale) };
  return { width, height, size, rows, close: () => bitmap.close() };
}

/** SHA-256 of the file; null where the browser has none, which is on pages that came without HTTPS. */
async function digest(file) {
  if (!self.crypto?.subtle) return null;
  const bytes = new Uint8Array(await self.crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function inspect(file) {
  if (file.size === 0) throw new PhotoError("empty", "This photo: the file is empty. Copy or download it again.");
  if (file.size > MOST_BYTES) throw new PhotoError("too_large", `This photo: ${Math.round(file.size / 1e6)} MB; the limit is 100 MB. Save it smaller.`);
  const facts = readMetadata(new Uint8Array(await file.slice(0, HEAD_BYTES).arrayBuffer()));
  if (facts.kind === null) throw new PhotoError("not_an_image", "This photo: this is not a picture. Save it as JPEG, PNG or WebP.");
  if (!READABLE.has(facts.kind)) throw new PhotoError("unsupported_format", `This photo: a ${facts.kind} file, which flaneur does not read. Save it as JPEG, PNG or WebP.`);
  if (facts.width && facts.height) check(facts.width, facts.height); // before any pixel is decoded
  return facts;
}

async function open(file, { kind }) {
  try {
    return await createImageBitmap(file, { colorSpaceConversion: "none" });
  } catch {
    if (kind === "HEIF" || kind === "AVIF") throw new PhotoError("unsupported_format", `This photo: a ${kind} file, which this browser does not read. Save it as JPEG, PNG or WebP.`);
    throw new PhotoError("corrupt", "This photo: the picture is damaged. Copy or download it again.");
  }
}

function check(width, height) {
  if (width * height > MOST_PIXELS) throw new PhotoError("too_large", `This photo: ${width} x ${height} pixels; the limit is 40 million. Save it smaller.`);
  if (Math.min(width, height) < LEAST_SIDE) throw new PhotoError("too_small", `This photo: ${width} x ${height} pixels; a photo needs 8 a side.`);
}

function boxOf({ width, height }, crop) {
  if (crop !== "centre") return [0, 0, width, height];
  const side = Math.min(width, height);
  const [left, top] = [(width - side) / 2, (height - side) / 2];
  return [left, top, left + side, top + side];
}

/** Rows of RGB on white paper. The same array is used for every row. */
function* rowsOf(bitmap) {
  const { width, height } = bitmap;
  const canvas = new OffscreenCanvas(width, Math.min(height, STRIP_ROWS));
  const paint = canvas.getContext("2d", { willReadFrequently: true });
  Object.assign(paint, { imageSmoothingEnabled: false, fillStyle: "#fff" });
  const row = new Uint8Array(3 * width);
  for (let top = 0; top < height; top += STRIP_ROWS) {
    const count = Math.min(STRIP_ROWS, height - top);
    paint.fillRect(0, 0, width, count);
    paint.drawImage(bitmap, 0, top, width, count, 0, 0, width, count);
    const { data } = paint.getImageData(0, 0, width, count);
    for (let y = 0, from = 0; y < count; y++) {
      for (let at = 0; at < row.length; at += 3, from += 4) {
        row[at] = data[from];
        row[at + 1] = data[from + 1];
        row[at + 2] = data[from + 2];
      }
      yield row;
    }
  }
}
