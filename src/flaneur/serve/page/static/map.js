// Points of the world in; a map that can be moved and zoomed out, and the spot that somebody points at.
import { drawLand, loadLand } from "./land.js";
import { drawMarks } from "./marks.js";
import { steer } from "./steer.js";
import { texts } from "./texts.js";

const CLOSEST = 400; // pixels a degree: a kilometre is four pixels
const NARROWEST_DEG = 30; // how much of the world is shown at least when everything is fitted in
const WORLD = { west: -168, east: 190, south: -56, north: 74 };

/** Draws a map into an element.
 * @param {HTMLElement} element empty; it gets the class "map"
 * @param {object} about
 * @param {{lat: number, lon: number, share?: number, label?: string, title?: string, chosen?: boolean, kind?: string}[]}
 *   [about.points] share: 0 to 1, the circle's area; without it a dot; kind: "faint", "gps" or "picked"
 * @param {{from: {lat: number, lon: number}, to: {lat: number, lon: number}}[]} [about.lines]
 * @param {boolean} [about.world] begin with the whole world, not with the points
 * @param {(lat: number, lon: number) => void} [about.onPick] a click, or Enter for the middle of the map
 * @returns {Promise<{update: Function, fit: Function, close: Function}>} update({points, lines, fit: false}): fit keeps the
 *   view where it is false; fit(): show all points
 */
export async function drawMap(element, { points = [], lines = [], world = false, onPick } = {}) {
  const t = await texts("common");
  const [canvas, svg] = [document.createElement("canvas"), document.createElementNS("http://www.w3.org/2000/svg", "svg")];
  const pen = canvas.getContext("2d");
  const view = { width: 1, height: 1, lon: 0, lat: 20, scale: 1, stretch: 1.2, least: 1 };
  let home = null; // the view that shows everything, until somebody moves the map
  const put = { points, lines };

  element.replaceChildren(canvas, svg);
  element.classList.add("map");
  svg.setAttribute("aria-hidden", "true");

  function fit() {
    const window_ = world && !put.lines.length ? WORLD : around(put.points);
    const middle = (window_.north + window_.south) / 2;
    view.stretch = Math.min(1.7, 1 / Math.cos((middle * Math.PI) / 180));
    const high = view.height / view.stretch / (window_.north - window_.south);
    const scale = Math.max(view.least, Math.min(view.width / (window_.east - window_.west), high));
    home = { lon: (window_.west + window_.east) / 2, lat: middle, scale };
    move(home);
  }

  function move(to) {
    Object.assign(view, to);
    view.scale = Math.min(CLOSEST, Math.max(view.least, view.scale));
    const half = view.height / 2 / view.scale / view.stretch;
    view.lat = half > 85 ? 0 : Math.min(85 - half, Math.max(half - 85, view.lat));
    view.lon = ((((view.lon + 180) % 360) + 360) % 360) - 180;
    element.classList.toggle("zoomed", home !== null && view.scale > home.scale * 1.05);
    draw();
  }

  function draw() {
    const style = getComputedStyle(element);
    const ratio = devicePixelRatio;
    if (canvas.width !== Math.round(view.width * ratio) || canvas.height !== Math.round(view.height * ratio)) {
      [canvas.width, canvas.height] = [Math.round(view.width * ratio), Math.round(view.height * ratio)];
    }
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    drawLand(pen, view, { land: style.getPropertyValue("--land"), line: style.getPropertyValue("--line") });
    const marks = put.points.map((point) => ({ ...point, ...pixel(point), kind: kindOf(point) }));
    const ends = put.lines.map(({ from, to }) => [pixel(from), pixel(to)]);
    drawMarks(svg, marks, ends.map(([a, b]) => ({ x1: a.x, y1: a.y, x2: b.x, y2: b.y })), view);
  }

  function pixel({ lat, lon }) {
    const off = ((((lon - view.lon + 180) % 360) + 360) % 360) - 180;
    return { x: view.width / 2 + off * view.scale, y: view.height / 2 - (lat - view.lat) * view.scale * view.stretch };
  }

  function place(x, y) {
    const lon = view.lon + (x - view.width / 2) / view.scale;
    const lat = view.lat - (y - view.height / 2) / view.scale / view.stretch;
    return { lat: Math.min(90, Math.max(-90, lat)), lon: ((((lon + 180) % 360) + 360) % 360) - 180 };
  }

  const pick = onPick && ((x, y) => {
    const { lat, lon } = place(x, y);
    onPick(lat, lon);
  });
  const steering = steer(element, { view, move, fit, place, pick, t });
  const scheme = matchMedia("(prefers-color-scheme: dark)");
  const size = new ResizeObserver(() => {
    if (!element.clientWidth) return;
    const moved = home && (view.scale !== home.scale || view.lon !== home.lon || view.lat !== home.lat);
    [view.width, view.height] = [element.clientWidth, element.clientHeight];
    view.least = Math.max(view.width / 360, view.height / 300);
    if (moved) move({});
    else fit();
  });
  scheme.addEventListener("change", draw);
  size.observe(element);
  loadLand().then(draw, () => {}); // without the land the points stand there all the same

  return {
    fit,
    update({ points: others = put.points, lines: more = [], fit: anew = true }) {
      Object.assign(put, { points: others, lines: more });
      if (anew) fit();
      else draw();
    },
    close() {
      size.disconnect();
      scheme.removeEventListener("change", draw);
      steering.close();
      element.replaceChildren();
    },
  };
}

const kindOf = ({ chosen, kind }) => kind ?? (chosen ? "chosen" : "");

/** The smallest part of the world, with a margin, that holds all points: across 180 degrees where that is smaller. */
function around(points) {
  if (!points.length) return WORLD;
  const lons = points.map(({ lon }) => lon).sort((a, b) => a - b);
  const gaps = lons.map((lon, index) => (index + 1 < lons.length ? lons[index + 1] : lons[0] + 360) - lon);
  const widest = gaps.indexOf(Math.max(...gaps));
  const west = lons[(widest + 1) % lons.length];
  const lats = points.map(({ lat }) => lat);
  const [wide, tall] = [360 - gaps[widest], Math.max(...lats) - Math.min(...lats)];
  const margin = (span) => Math.max(0.14 * span, (NARROWEST_DEG - span) / 2);
  const [across, along] = [margin(wide), Math.max(0.25 * tall, (NARROWEST_DEG / 2 - tall) / 2)];
  return { west: west - across, east: west + wide + across, south: Math.min(...lats) - along, north: Math.max(...lats) + along };
}
