// A square picture in; the same blurred as Pillow's ImageFilter.GaussianBlur does it out: three box blurs each way.
// Source: Gwosdek, Grewenig, Bruhn and Weickert, "Theoretical Foundations of Gaussian Convolution by Extended Box
// Filtering", SSVM 2011.

const PASSES = 3;
const BITS = 24;

/** @param {Uint8Array} square S·S·3
 * @param {number} side S
 * @param {number} deviation in pixels
 * @returns {Uint8Array}
 */
export function blurred(square, side, deviation) {
  const radius = boxRadius(deviation);
  let made = square;
  for (let pass = 0; pass < PASSES; pass++) made = boxed(made, side, radius, 3, 3 * side);
  for (let pass = 0; pass < PASSES; pass++) made = boxed(made, side, radius, 3 * side, 3);
  return made;
}

function boxRadius(deviation) {
  const variance = deviation ** 2 / PASSES;
  const whole = Math.floor((Math.sqrt(12 * variance + 1) - 1) / 2);
  const part = ((2 * whole + 1) * (whole * (whole + 1) - 3 * variance)) / (6 * (variance - (whole + 1) ** 2));
  return whole + part;
}

/** One box blur along one direction: a whole window, and a share of the pixel at either side of it. */
function boxed(from, side, radius, step, line) {
  const whole = Math.trunc(radius);
  const weight = Math.trunc(2 ** BITS / (radius * 2 + 1));
  const rim = Math.trunc((2 ** BITS - (whole * 2 + 1) * weight) / 2);
  const out = new Uint8Array(from.length);
  const at = (first, place) => from[first + step * Math.min(side - 1, Math.max(0, place))];
  for (let row = 0; row < side; row++) {
    for (let channel = 0; channel < 3; channel++) {
      const first = row * line + channel;
      let sum = 0;
      for (let place = -whole; place <= whole; place++) sum += at(first, place);
      for (let place = 0; place < side; place++) {
        const edges = at(first, place - whole - 1) + at(first, place + whole + 1);
        out[first + step * place] = Math.floor((sum * weight + edges * rim + 2 ** (BITS - 1)) / 2 ** BITS);
        sum += at(first, place + whole + 1) - at(first, place - whole);
      }
    }
  }
  return out;
}
