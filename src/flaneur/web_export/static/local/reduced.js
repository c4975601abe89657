// A JPEG, or the rows of one, in; rows of it at a half, a quarter or an eighth, as Python has it decoded, out.

/** The scale at which Python has a JPEG decoded: the largest of 8, 4, 2 and 1 that leaves enough pixels. */
export const reduction = (shorter, wanted) => [8, 4, 2].find((scale) => Math.floor(shorter / wanted) >= scale) ?? 1;

/** Has the browser's decoder make it smaller, with the very arithmetic that Python has: bit for bit in Chromium.
 * @param {File} file
 * @param {{kind: string, width: number, height: number, orientation: number}} facts of metadata.js
 * @param {number} wanted pixels that the shorter side must keep
 * @returns {Promise<{width: number, height: number, size: {width: number, height: number}, rows: Iterable<Uint8Array>}|null>}
 *   width and height of the photo as seen, size of what the rows hold; null: this browser or this file does not allow it
 */
export async function decodedSmaller(file, { kind, width, height, orientation }, wanted) {
  const scale = reduction(Math.min(width, height), wanted);
  if (kind !== "JPEG" || scale === 1 || !self.ImageDecoder) return null;
  const stored = { width: Math.ceil(width / scale), height: Math.ceil(height / scale) };
  const pixels = await decode(file, stored).catch(() => null);
  const turn = ({ width: across, height: down }) => (orientation >= 5 ? { width: down, height: across } : { width: across, height: down });
  return pixels && { ...turn({ width, height }), size: turn(stored), rows: upright(pixels, stored, orientation) };
}

/** Four bytes a pixel as stored, red first; null where the browser made it another size or keeps colours apart. */
async function decode(file, { width, height }) {
  const decoder = new self.ImageDecoder({
    data: await file.arrayBuffer(), type: "image/jpeg", colorSpaceConversion: "none", desiredWidth: width, desiredHeight: height,
  });
  try {
    const { image } = await decoder.decode();
    try {
      const order = { RGBA: [0, 1, 2], RGBX: [0, 1, 2], BGRA: [2, 1, 0], BGRX: [2, 1, 0] }[image.format];
      if (!order || image.codedWidth !== width || image.codedHeight !== height) return null;
      const bytes = new Uint8Array(image.allocationSize());
      const [{ offset, stride }] = await image.copyTo(bytes);
      return { bytes, offset, stride, order };
    } finally {
      image.close();
    }
  } finally {
    decoder.close();
  }
}

/** Rows of RGB, the right way up. The same array is used for every row. */
function* upright({ bytes, offset, stride, order }, stored, orientation) {
  const { across, down } = mirrored(orientation);
  const lying = orientation >= 5; // what was stored as a row is a column
  const [width, height] = lying ? [stored.height, stored.width] : [stored.width, stored.height];
  const [right, below] = lying ? [stride, 4] : [4, stride];
  const row = new Uint8Array(3 * width);
  for (let y = 0; y < height; y++) {
    const first = offset + below * (down ? height - 1 - y : y);
    for (let x = 0; x < width; x++) {
      const from = first + right * (across ? width - 1 - x : x);
      for (let channel = 0; channel < 3; channel++) row[3 * x + channel] = bytes[from + order[channel]];
    }
    yield row;
  }
}

/** Which of the two axes of the upright photo run against the stored one. */
const mirrored = (orientation) => ({ across: [2, 3, 6, 7].includes(orientation), down: [3, 4, 7, 8].includes(orientation) });

/** Means of squares of pixels: nearly what the decoder gives, for browsers that do not offer its own. Squares are counted
 * from the corner where the stored picture begins; one that sticks out is filled with its last pixel. The difference:
 * browsers mix colours at full size, after smoothing those that the file holds at half size; the decoder does not.
 * @param {Iterable<Uint8Array>} rows width·3 bytes each, the right way up
 * @param {{width: number, height: number}} size
 * @param {number} scale 2, 4 or 8
 * @param {number} orientation of the stored picture
 */
export function* averaged(rows, { width, height }, scale, orientation) {
  const { across, down } = mirrored(orientation);
  const [columns, lines] = [squares(width, scale, across), squares(height, scale, down)];
  const sums = new Uint32Array(3 * columns.count);
  const out = new Uint8Array(3 * columns.count);
  let y = 0;
  for (const row of rows) {
    const times = lines.times(y);
    for (let x = 0; x < width; x++) {
      const [at, weight] = [3 * columns.of(x), times * columns.times(x)];
      sums[at] += row[3 * x] * weight;
      sums[at + 1] += row[3 * x + 1] * weight;
      sums[at + 2] += row[3 * x + 2] * weight;
    }
    y += 1;
    if (y < height && lines.of(y) === lines.of(y - 1)) continue;
    for (let at = 0; at < sums.length; at++) out[at] = Math.round(sums[at] / scale ** 2);
    sums.fill(0);
    yield out;
  }
}

function squares(length, scale, reversed) {
  const count = Math.ceil(length / scale);
  const missing = count * scale - length;
  const [shift, edge] = reversed ? [missing, 0] : [0, length - 1];
  return { count, of: (at) => Math.floor((at + shift) / scale), times: (at) => (at === edge ? 1 + missing : 1) };
}
