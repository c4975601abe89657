// The first bytes of a photo in; its kind, its size, which way up it is and a position it claims out. Trusts nothing.

const WORDS = [
  ["PNG", 0, "\x89PNG\r\n\x1a\n"], ["WEBP", 8, "WEBP"], ["GIF", 0, "GIF8"], ["BMP", 0, "BM"], ["TIFF", 0, "II*\0"], ["TIFF", 0, "MM\0*"],
  ["PDF", 0, "%PDF"],
];
const HEIF = /^(heic|heix|hevc|hevx|heim|heis|mif1|msf1)$/;
const MOST_ENTRIES = 512;

/** What a file says of itself.
 * @param {Uint8Array} bytes its beginning; 256 KB hold what cameras write
 * @returns {{kind: string|null, width: number, height: number, orientation: number, gps: {lat: number, lon: number}|null}}
 *   width and height as stored, 0 where not found
 */
export function readMetadata(bytes) {
  const facts = { kind: kindOf(bytes), width: 0, height: 0, orientation: 1, gps: null };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    if (facts.kind === "JPEG") Object.assign(facts, jpeg(view));
    if (facts.kind === "PNG") Object.assign(facts, { width: view.getUint32(16), height: view.getUint32(20) });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error; // cut short: the rest counts as absent
  }
  return facts;
}

function kindOf(bytes) {
  const text = String.fromCharCode(...bytes.subarray(0, 16));
  if (bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff) return "JPEG";
  const known = WORDS.find(([, at, word]) => text.startsWith(word, at));
  if (known) return known[0];
  if (text.slice(4, 8) !== "ftyp") return null;
  const brand = text.slice(8, 12);
  return brand.startsWith("avi") ? "AVIF" : HEIF.test(brand) ? "HEIF" : null;
}

function jpeg(view) {
  const found = {};
  for (let at = 2; at + 4 <= view.byteLength && view.getUint8(at) === 0xff; ) {
    const marker = view.getUint8(at + 1);
    if (marker === 0xff) {
      at += 1;
      continue;
    }
    const length = view.getUint16(at + 2);
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (marker === 0xe1 && word(view, at + 4, 6) === "Exif\0\0") Object.assign(found, exif(view, at + 10, length - 8));
    if (isFrame) return { ...found, height: view.getUint16(at + 5), width: view.getUint16(at + 7) };
    if (marker === 0xda) return found;
    at += 2 + length;
  }
  return found;
}

/** Orientation and position of a TIFF block. Source: CIPA DC-008 (Exif 2.32), sections 4.6.2 and 4.6.6. */
function exif(whole, start, length) {
  try {
    const view = new DataView(whole.buffer, whole.byteOffset + start, Math.min(length, whole.byteLength - start));
    const order = { "II*\0": true, "MM\0*": false }[word(view, 0, 4)];
    if (order === undefined) return {};
    const entries = directory(view, view.getUint32(4, order), order);
    const turned = entries.get(0x0112);
    const value = turned?.kind === 3 && turned.count === 1 ? view.getUint16(turned.place, order) : 1;
    return { orientation: value >= 1 && value <= 8 ? value : 1, gps: position(view, entries.get(0x8825), order) };
  } catch (error) {
    if (error instanceof RangeError) return {};
    throw error;
  }
}

function directory(view, offset, order) {
  const found = new Map();
  const count = Math.min(view.getUint16(offset, order), MOST_ENTRIES);
  for (let place = offset + 2; place + 12 <= view.byteLength && found.size < count; place += 12) {
    const tag = view.getUint16(place, order);
    if (found.has(tag)) break;
    found.set(tag, { kind: view.getUint16(place + 2, order), count: view.getUint32(place + 4, order), place: place + 8 });
  }
  return found;
}

function position(view, pointer, order) {
  if (pointer?.kind !== 4) return null;
  try {
    const entries = directory(view, view.getUint32(pointer.place, order), order);
    const lat = degrees(view, entries.get(2), order) * sign(view, entries.get(1), "NS");
    const lon = degrees(view, entries.get(4), order) * sign(view, entries.get(3), "EW");
    const inside = Math.abs(lat) <= 90 && Math.abs(lon) <= 180;
    return inside && (lat !== 0 || lon !== 0) ? { lat, lon } : null; // zeroes are how cameras spell "unknown"
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

function degrees(view, entry, order) {
  if (entry?.kind !== 5 || entry.count !== 3) return NaN;
  const at = view.getUint32(entry.place, order);
  const [whole, minutes, seconds] = [0, 8, 16].map((far) => view.getUint32(at + far, order) / view.getUint32(at + far + 4, order));
  return minutes < 60 && seconds < 60 ? whole + minutes / 60 + seconds / 3600 : NaN;
}

function sign(view, entry, letters) {
  const letter = entry?.kind === 2 ? word(view, entry.place, 1).toUpperCase() : "";
  return letter === letters[0] ? 1 : letter === letters[1] ? -1 : NaN;
}

function word(view, at, count) {
  return String.fromCharCode(...Array.from({ length: count }, (_, index) => view.getUint8(at + index)));
}
