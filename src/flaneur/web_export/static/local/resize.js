// Rows of 8-bit RGB or a grid of numbers in; another size out, with the arithmetic of Pillow's Image.resize, bit for bit.

const SUPPORT = { box: 0.5, bilinear: 1, bicubic: 2 };
const FILTER = {
  box: (x) => (x > -0.5 && x <= 0.5 ? 1 : 0),
  bilinear: (x) => Math.max(0, 1 - Math.abs(x)),
  bicubic: (x) => {
    const [a, far] = [-0.5, Math.abs(x)];
    if (far < 1) return ((a + 2) * far - (a + 3)) * far * far + 1;
    return far < 2 ? (((far - 5) * far + 8) * far - 4) * a : 0;
  },
};
const BITS = 22; // of the fixed point that Pillow computes 8-bit pictures in
const HALF = 1 << (BITS - 1);

/** Where each pixel of a line comes from.
 * @param {number} length pixels that there are
 * @param {number} from first edge of the part wanted, in pixels, perhaps between two
 * @param {number} to its other edge
 * @param {number} size pixels wanted
 * @param {"box"|"bilinear"|"bicubic"} filter
 * @returns {{starts: Int32Array, weights: Float64Array[]}} a pixel is the sum of weights[i][k] times starts[i] + k
 */
export function taps(length, from, to, size, filter) {
  const scale = (to - from) / size;
  const wider = Math.max(scale, 1);
  const support = SUPPORT[filter] * wider;
  const starts = new Int32Array(size);
  const weights = [];
  for (let index = 0; index < size; index++) {
    const centre = from + (index + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - support + 0.5));
    const last = Math.min(length, Math.trunc(centre + support + 0.5));
    const own = new Float64Array(last - first);
    let sum = 0;
    for (let k = 0; k < own.length; k++) {
      own[k] = FILTER[filter]((k + first - centre + 0.5) / wider);
      sum += own[k];
    }
    if (sum !== 0) own.forEach((value, k) => (own[k] = value / sum));
    starts[index] = first;
    weights.push(own);
  }
  return { starts, weights };
}

/** The same for 8-bit pictures: weights as whole numbers. */
function whole({ starts, weights }) {
  const rounded = weights.map((own) =>
    Int32Array.from(own, (value) => Math.trunc((value < 0 ? -0.5 : 0.5) + value * 2 ** BITS)),
  );
  return { starts, weights: rounded };
}

const clip = (sum) => Math.min(255, Math.max(0, sum >> BITS));

/** Resizes a picture that arrives row by row, so that a large one is never held whole.
 * @param {Iterable<Uint8Array>} rows width·3 bytes each, from top to bottom
 * @param {{width: number, height: number}} size of the whole picture
 * @param {number[]} box left, top, right, bottom of the part wanted, in pixels
 * @param {number} side of the square wanted
 * @param {"bilinear"|"bicubic"} filter
 * @returns {Uint8Array} side·side·3
 */
export function resizeRows(rows, { width, height }, box, side, filter) {
  const across = whole(taps(width, box[0], box[2], side, filter));
  const down = whole(taps(height, box[1], box[3], side, filter));
  const downFirst = height > side && height - side > 2 * (width - side); // Pillow's choice, and each pass rounds
  if (!downFirst) return lowered(narrowed(rows, across), down, 3 * side);
  const low = lowered(rows, down, 3 * width);
  const out = new Uint8Array(3 * side * side);
  let at = 0;
  for (const row of narrowed(cut(low, 3 * width), across)) out.set(row, 3 * side * at++);
  return out;
}

function* cut(bytes, length) {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

/** Each row made as wide as wanted. The same array is used for every row. */
function* narrowed(rows, { starts, weights }) {
  const out = new Uint8Array(3 * starts.length);
  for (const row of rows) {
    for (let index = 0; index < starts.length; index++) {
      const own = weights[index];
      let [red, green, blue] = [HALF, HALF, HALF];
      for (let k = 0, at = 3 * starts[index]; k < own.length; k++, at += 3) {
        red += row[at] * own[k];
        green += row[at + 1] * own[k];
        blue += row[at + 2] * own[k];
      }
      out[3 * index] = clip(red);
      out[3 * index + 1] = clip(green);
      out[3 * index + 2] = clip(blue);
    }
    yield out;
  }
}

/** As many rows as wanted, of all that arrive. */
function lowered(rows, { starts, weights }, length) {
  const sums = new Int32Array(starts.length * length).fill(HALF);
  const ends = starts.map((start, index) => start + weights[index].length);
  let [y, first] = [0, 0];
  for (const row of rows) {
    while (first < ends.length && ends[first] <= y) first += 1;
    for (let index = first; index < starts.length && starts[index] <= y; index++) {
      if (y >= ends[index]) continue;
      const [weight, start] = [weights[index][y - starts[index]], index * length];
      for (let at = 0; at < length; at++) sums[start + at] += row[at] * weight;
    }
    y += 1;
  }
  return Uint8Array.from(sums, clip);
}

/** Resizes a grid of numbers, as Pillow does in mode F.
 * @param {Float32Array|Float64Array} values [height, width], row by row
 * @param {number[]} from its width and height
 * @param {number[]} to width and height wanted
 * @param {"box"|"bilinear"} filter
 * @returns {Float32Array}
 */
export function resizeGrid(values, [width, height], [wide, high], filter) {
  const across = taps(width, 0, width, wide, filter);
  const down = taps(height, 0, height, high, filter);
  const narrow = new Float32Array(height * wide);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < wide; x++) narrow[y * wide + x] = dot(values, y * width + across.starts[x], 1, across.weights[x]);
  }
  const out = new Float32Array(high * wide);
  for (let y = 0; y < high; y++) {
    for (let x = 0; x < wide; x++) out[y * wide + x] = dot(narrow, down.starts[y] * wide + x, wide, down.weights[y]);
  }
  return out;
}

function dot(values, first, step, weights) {
  let sum = 0;
  for (let k = 0; k < weights.length; k++) sum += values[first + k * step] * weights[k];
  return sum;
}
