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
  const narrow = new Uint8Array(height * side * 3);
  let y = 0;
  for (const row of rows) narrowed(row, across, narrow.subarray(3 * side * y++));
  const out = new Uint8Array(side * side * 3);
  for (let index = 0; index < side; index++) {
    const [first, own] = [down.starts[index], down.weights[index]];
    for (let at = 0; at < 3 * side; at++) {
      let sum = 1 << (BITS - 1);
      for (let k = 0; k < own.length; k++) sum += narrow[(first + k) * 3 * side + at] * own[k];
      out[index * 3 * side + at] = clip(sum);
    }
  }
  return out;
}

function narrowed(row, { starts, weights }, out) {
  for (let index = 0; index < starts.length; index++) {
    const own = weights[index];
    let [red, green, blue] = [1 << (BITS - 1), 1 << (BITS - 1), 1 << (BITS - 1)];
    for (let k = 0, at = 3 * starts[index]; k < own.length; k++, at += 3) {
      red += row[at] * own[k];
      green += row[at + 1] * own[k];
      blue += row[at + 2] * own[k];
    }
    out[3 * index] = clip(red);
    out[3 * index + 1] = clip(green);
    out[3 * index + 2] = clip(blue);
  }
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
