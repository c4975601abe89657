// A network, a photo and a question in; what in the photo speaks for the city out, as Heatmap.to_dict of flaneur tells it.
// Windows of several sizes hide the photo, one after another; where hiding costs most, the photo speaks most for the city.
import { predictionOf, rounded } from "./answer.js";
import { blurred } from "./blur.js";
import { overlayOf } from "./overlay.js";
import { resizeGrid } from "./resize.js";
import { normalise } from "./network.js";

const BATCH = 4;
const GRID = 28;
const BRIGHTEST = 0.995; // of the values that the colours span; single points would dim all others
const BLUR = 0.1; // deviation as a share of the side: houses go, sky and ground stay
const UNCHECKED = "Not checked. How far to trust this map was not measured.";
const NOTHING = "Nothing to show. No part of the photo moves the score by itself.";

/** @param {object} network of network.js
 * @param {object} model
 * @param {object} photo of photo.js
 * @param {{city?: string, against?: string, method?: string, quick?: boolean}} wishes
 * @param {{stop: () => void, progress: (done: number, of: number) => void}} calls stop throws where nobody waits any more
 */
export async function heatmapOf(network, model, photo, { city, against, method = "occlusion", quick = false }, calls) {
  if (method !== "occlusion") throw failure("unknown_method", `There is no method ${method} in this page. It has: occlusion.`);
  const [scores] = await network.run([photo.square]);
  const settings = model.occlusion[quick ? "quick" : "fine"];
  const asked = question(model, scores.logits, city, against);
  const score = scoreOf(scores.logits, asked, model.temperature);
  const values = flat(photo.square) ? new Float32Array(photo.side ** 2) : await occluded(network, model, photo, { ...asked, score, settings }, calls);
  const { map, size, box } = inPhoto(values, photo, model.preprocess.crop);
  const limit = limitOf(map);
  const all = model.cities.map((_, index) => index);
  return {
    photo: photo.name ?? "",
    model: model.title,
    city: model.cities[asked.city].slug,
    against: asked.against === null ? null : model.cities[asked.against].slug,
    method,
    settings,
    score: rounded(score, 4),
    prediction: predictionOf(model, [{ ...scores, gps: photo.gps, name: "" }], all),
    limit: rounded(limit, 6),
    peak: peakOf(map, size, box),
    box: box.map((share) => rounded(share, 4)),
    map: cells(map, size),
    faithfulness: null,
    evidence: null,
    overlay: await overlayOf(map, size, limit, box, photo),
    words: limit ? UNCHECKED : NOTHING,
    trust: limit ? "unchecked" : "nothing",
  };
}

function question({ cities }, logits, city, against) {
  const place = (slug) => {
    const found = cities.findIndex((one) => one.slug === slug);
    if (found < 0) throw failure("unknown_city", `The model knows no city ${slug}.`);
    return found;
  };
  if (cities.length < 2) throw failure("one_city", "The model knows one city only, so nothing in a photo can speak for it.");
  const spoken = city ? place(city) : logits.indexOf(Math.max(...logits));
  const other = against ? place(against) : null;
  if (spoken === other) throw failure("first_choice", `${cities[spoken].name} cannot be held against itself. Name another city.`);
  return { city: spoken, against: other };
}

const failure = (code, message) => Object.assign(new Error(message), { code });

/** Log-odds of the city against all others, or against one; see flaneur.explain.target.score. */
function scoreOf(logits, { city, against }, temperature) {
  const z = Array.from(logits, (logit) => logit / temperature);
  if (against !== null) return z[city] - z[against];
  const others = z.filter((_, index) => index !== city);
  const highest = Math.max(...others);
  return z[city] - highest - Math.log(others.reduce((sum, value) => sum + Math.exp(value - highest), 0));
}

const flat = (square) => square.every((value, at) => value === square[at % 3]);

/** The mean over sizes of what is lost where a window hides the photo: [S, S] nats. */
async function occluded(network, model, { square, side }, { score, settings, ...asked }, { stop, progress }) {
  const { sizes, stride } = settings;
  const [shown, hidden] = [square, blurred(square, side, BLUR * side)].map((pixels) => {
    const input = new Float32Array(3 * side * side);
    normalise(pixels, model.preprocess, input);
    return input;
  });
  const rounds = sizes.map((size) => windows(side, size, stride));
  const of = rounds.reduce((sum, boxes) => sum + boxes.length, 0);
  const mean = new Float32Array(side * side);
  let done = 0;
  for (const boxes of rounds) {
    const falls = new Float32Array(boxes.length);
    for (let first = 0; first < boxes.length; first += BATCH) {
      const part = boxes.slice(first, first + BATCH);
      const found = await network.runFloat(pasted(shown, hidden, side, part), part.length);
      found.forEach(({ logits }, index) => (falls[first + index] = score - scoreOf(logits, asked, model.temperature)));
      progress((done += part.length), of);
      await new Promise((resolve) => setTimeout(resolve)); // so that a message to stop is heard
      stop();
    }
    const across = Math.sqrt(boxes.length);
    resizeGrid(falls, [across, across], [side, side], "bilinear").forEach((value, at) => (mean[at] += value / rounds.length));
  }
  return mean;
}

/** Windows of one size: their middles form an even grid. See flaneur.explain.windows.windows.
 * @returns {number[][]} left, top, right, bottom in pixels, row by row
 */
export function windows(side, size, stride) {
  const count = Math.max(1, Math.ceil(1 / (size * stride) - 1e-9));
  const half = Math.max(size * side, side / count) / 2;
  const edges = Array.from({ length: count }, (_, index) => {
    const middle = ((index + 0.5) * side) / count;
    const low = Math.min(side - 1, Math.max(0, toEven(middle - half)));
    return [low, Math.min(side, Math.max(low + 1, toEven(middle + half)))];
  });
  return edges.flatMap(([top, bottom]) => edges.map(([left, right]) => [left, top, right, bottom]));
}

/** Rounding as numpy's: halves to the even number. */
const toEven = (value) => (Math.abs(value % 1) === 0.5 ? 2 * Math.round(value / 2) : Math.round(value));

function pasted(onto, patch, side, boxes) {
  const made = new Float32Array(boxes.length * onto.length);
  boxes.forEach(([left, top, right, bottom], index) => {
    const start = index * onto.length;
    made.set(onto, start);
    for (let line = 0; line < 3 * side; line++) {
      if (line % side < top || line % side >= bottom) continue;
      const [from, to] = [line * side + left, line * side + right];
      made.set(patch.subarray(from, to), start + from);
    }
  });
  return made;
}

/** The map of the square as it lies in the photo: as fine as the square, in the photo's proportions. */
function inPhoto(values, { side, width, height }, crop) {
  const shorter = Math.min(width, height);
  const [left, top] = crop === "centre" ? [(1 - shorter / width) / 2, (1 - shorter / height) / 2] : [0, 0];
  const longest = Math.min(side / shorter, 4096 / Math.max(width, height));
  const [wide, high] = [width, height].map((length) => Math.max(1, Math.round(length * longest)));
  const size = crop === "centre" ? [Math.max(1, Math.round((1 - left) * wide) - Math.round(left * wide)), Math.max(1, Math.round((1 - top) * high) - Math.round(top * high))] : [wide, high];
  const same = size[0] === side && size[1] === side;
  return { map: same ? values : resizeGrid(values, [side, side], size, "bilinear"), size, box: [left, top, 1 - left, 1 - top] };
}

/** Where the colours end: 99.5 % of the values lie within, between two of them as numpy.percentile has it. */
function limitOf(map) {
  const sizes = Float32Array.from(map, Math.abs).sort();
  const place = BRIGHTEST * (sizes.length - 1);
  const [low, high] = [sizes[Math.floor(place)], sizes[Math.ceil(place)]];
  return low + (high - low) * (place % 1) || sizes[sizes.length - 1];
}

function peakOf(map, [wide, high], [left, top, right, bottom]) {
  let best = 0;
  for (let at = 1; at < map.length; at++) if (map[at] > map[best]) best = at;
  const [across, down] = [((best % wide) + 0.5) / wide, (Math.floor(best / wide) + 0.5) / high];
  return [rounded(left + across * (right - left), 4), rounded(top + down * (bottom - top), 4)];
}

function cells(map, size) {
  const small = resizeGrid(map, size, [GRID, GRID], "box");
  return Array.from({ length: GRID }, (_, row) => Array.from(small.subarray(row * GRID, (row + 1) * GRID), (value) => rounded(value, 6)));
}
