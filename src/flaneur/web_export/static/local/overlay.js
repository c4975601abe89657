// A map and where it lies in a photo in; colours to lay over the photo, as the address of a PNG, out.
import { resizeGrid } from "./resize.js";

const [FOR, AGAINST] = [[255, 150, 0], [20, 60, 190]];
const [STRONGEST, SHADE] = [0.7, 0.65]; // how much of the photo the strongest colour hides, and the dark where nobody looked
const LONGEST_PX = 512;

/** @param {Float32Array} map what was seen, row by row
 * @param {number[]} size its width and height
 * @param {number} limit where the colours end
 * @param {number[]} box left, top, right, bottom of what was seen, as shares of the photo
 * @param {{width: number, height: number}} photo
 * @returns {Promise<string>}
 */
export async function overlayOf(map, size, limit, box, { width, height }) {
  const scale = Math.min(1, LONGEST_PX / Math.max(width, height));
  const [wide, high] = [width, height].map((length) => Math.max(1, Math.round(length * scale)));
  const [left, top, right, bottom] = box.map((share, index) => Math.round(share * (index % 2 ? high : wide)));
  const seen = [Math.max(1, right - left), Math.max(1, bottom - top)];
  const strength = resizeGrid(map, size, seen, "bilinear");
  const canvas = new OffscreenCanvas(wide, high);
  const paint = canvas.getContext("2d");
  paint.fillStyle = `rgb(0 0 0 / ${SHADE})`;
  paint.fillRect(0, 0, wide, high);
  const picture = paint.createImageData(...seen);
  strength.forEach((value, at) => {
    const share = limit ? Math.min(1, Math.abs(value) / limit) : 0;
    picture.data.set([...(value > 0 ? FOR : AGAINST), Math.round(255 * STRONGEST * share)], 4 * at);
  });
  paint.putImageData(picture, left, top);
  return new FileReaderSync().readAsDataURL(await canvas.convertToBlob({ type: "image/png" }));
}
