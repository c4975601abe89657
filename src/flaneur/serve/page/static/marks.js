// Points in pixels in; circles and names that do not overlap, in an SVG, out.

const SVG = "http://www.w3.org/2000/svg";
const LARGEST = 0.045; // radius of a share of 1, of the map's width; within limits
const LETTER_PX = 13;
const pen = document.createElement("canvas").getContext("2d");

/** Radius in pixels: the area is as large as the share; without a share, a plain dot. */
export const radiusOf = ({ share }, width) =>
  share === undefined ? 5 : Math.max(3, Math.sqrt(share) * Math.min(28, Math.max(18, width * LARGEST)));

/** Draws everything anew.
 * @param {SVGElement} svg
 * @param {{x: number, y: number, share?: number, label?: string, title?: string, kind?: string}[]} points
 * @param {{x1: number, y1: number, x2: number, y2: number}[]} lines
 * @param {{width: number, height: number}} size of the map
 */
export function drawMarks(svg, points, lines, { width, height }) {
  const sorted = [...points].sort((one, other) => (other.share ?? 2) - (one.share ?? 2));
  const circles = sorted.map((point) => ({ ...point, r: radiusOf(point, width) }));
  const taken = circles.map(({ x, y, r }) => [x - r, y - r, x + r, y + r]);
  const groups = circles.map((circle, index) => mark(circle, name(circle, taken, index, width, height)));
  const order = circles.map((_, index) => index).sort((one, other) => circles[other].r - circles[one].r);
  svg.replaceChildren(...lines.map((line) => make("line", line)), ...order.map((index) => groups[index]));
}

function mark({ x, y, r, kind = "", label = "", title = label }, place) {
  const group = make("g", { class: [kind, place?.anchor].filter(Boolean).join(" ") });
  const circle = make("circle", { cx: x, cy: y, r });
  circle.append(make("title", {}, title));
  group.append(circle);
  if (place) group.append(make("text", { x: place.x, y: place.y }, label));
  return group;
}

function name({ x, y, r, label }, taken, own, width, height) {
  if (!label) return null;
  pen.font = `600 ${LETTER_PX}px system-ui, sans-serif`;
  const wide = pen.measureText(label).width;
  const [gap, tall] = [r + 4, LETTER_PX];
  const ways = [
    { anchor: "start", x: x + gap, y: y + tall / 3, left: x + gap },
    { anchor: "end", x: x - gap, y: y + tall / 3, left: x - gap - wide },
    { anchor: "middle", x, y: y - gap - 1, left: x - wide / 2 },
    { anchor: "middle", x, y: y + gap + tall - 3, left: x - wide / 2 },
  ];
  for (const way of ways) {
    const box = [way.left, way.y - tall, way.left + wide, way.y + 3];
    const inside = box[0] > 3 && box[1] > 3 && box[2] < width - 3 && box[3] < height - 3;
    if (!inside || taken.some((other, index) => index !== own && overlap(box, other))) continue;
    taken.push(box);
    return way;
  }
  return null;
}

const overlap = (one, other) => one[0] < other[2] && other[0] < one[2] && one[1] < other[3] && other[1] < one[3];

function make(kind, attributes, text = "") {
  const element = document.createElementNS(SVG, kind);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== "") element.setAttribute(key, typeof value === "number" ? value.toFixed(1) : value);
  }
  if (text) element.textContent = text;
  return element;
}
