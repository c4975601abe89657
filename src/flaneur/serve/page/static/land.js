// A view of the world in; the settled land in it as dots on a canvas out. A dot is where GeoNames (CC BY 4.0) has a
// settlement of 500 people or more: half a degree a cell, from 90 north down, from 180 west on.

const COLUMNS = 720;
const ROWS = 360;
const CELL_DEG = 0.5;
const CLOSEST_PX = 4; // dots nearer to each other than this are joined
const GRID_DEG = [1, 2, 5, 10, 20, 30];
const levels = new Map();
let bits;

/** Fetches the land, once. */
export async function loadLand() {
  bits ??= fetch(new URL("land.bits", import.meta.url)).then(async (answer) => new Uint8Array(await answer.arrayBuffer()));
  if (!levels.has(1)) levels.set(1, unpack(await bits));
}

/** Draws grid and land.
 * @param {CanvasRenderingContext2D} pen in CSS pixels
 * @param {{width: number, height: number, lon: number, lat: number, scale: number, stretch: number}} view lon, lat: what
 *   lies in the middle; scale: pixels a degree of longitude; stretch: how much longer a degree of latitude is
 * @param {{land: string, line: string}} colours
 */
export function drawLand(pen, view, colours) {
  const { width, height, lon, lat, scale, stretch } = view;
  pen.clearRect(0, 0, width, height);
  const x = (degrees) => width / 2 + (degrees - lon) * scale;
  const y = (degrees) => height / 2 - (degrees - lat) * scale * stretch;
  const [west, east] = [lon - width / 2 / scale, lon + width / 2 / scale];
  const [north, south] = [lat + height / 2 / scale / stretch, lat - height / 2 / scale / stretch];
  grid(pen, { x, y, west, east, north, south, width, height }, colours.line);
  const factor = [1, 2, 3, 4, 5, 6].find((one) => one * CELL_DEG * scale >= CLOSEST_PX) ?? 6;
  const cells = level(factor);
  if (!cells) return;
  const step = factor * CELL_DEG;
  const [columns, rows] = [COLUMNS / factor, ROWS / factor];
  const radius = Math.min(0.31 * step * scale, 3.2);
  pen.fillStyle = colours.land;
  pen.beginPath();
  for (let row = Math.max(0, Math.floor((90 - north) / step)); row < Math.min(rows, (90 - south) / step); row++) {
    const up = y(90 - (row + 0.5) * step);
    for (let column = Math.floor((west + 180) / step); column * step - 180 < east; column++) {
      if (!cells[row * columns + (((column % columns) + columns) % columns)]) continue;
      const right = x((column + 0.5) * step - 180);
      pen.moveTo(right + radius, up);
      pen.arc(right, up, radius, 0, 2 * Math.PI);
    }
  }
  pen.fill();
}

function grid(pen, { x, y, west, east, north, south, width, height }, colour) {
  const step = GRID_DEG.find((one) => (east - west) / one <= 7) ?? 60;
  pen.strokeStyle = colour;
  pen.lineWidth = 0.75;
  pen.beginPath();
  for (let lon = Math.ceil(west / step) * step; lon < east; lon += step) {
    pen.moveTo(x(lon), 0);
    pen.lineTo(x(lon), height);
  }
  for (let lat = Math.ceil(Math.max(-90, south) / step) * step; lat < Math.min(90, north); lat += step) {
    pen.moveTo(0, y(lat));
    pen.lineTo(width, y(lat));
  }
  pen.stroke();
}

function unpack(bytes) {
  const cells = new Uint8Array(COLUMNS * ROWS);
  for (let cell = 0; cell < cells.length; cell++) cells[cell] = (bytes[cell >> 3] >> (7 - (cell & 7))) & 1;
  return cells;
}

function level(factor) {
  const fine = levels.get(1);
  if (!fine || levels.has(factor)) return levels.get(factor);
  const columns = COLUMNS / factor;
  const coarse = new Uint8Array(columns * (ROWS / factor));
  fine.forEach((land, cell) => {
    if (land) coarse[Math.floor(Math.floor(cell / COLUMNS) / factor) * columns + Math.floor((cell % COLUMNS) / factor)] = 1;
  });
  levels.set(factor, coarse);
  return coarse;
}
