"use strict";
// The canvas: what is where, moving and zooming. It knows nothing of legends and lists.
const atlasMap = (() => {
  const SQUARE = 44; // CSS pixels, up to twice as much before a finer set of photos is shown
  const MOST_PIXELS = 4e6;

  function open(canvas, data, squares) {
    const context = canvas.getContext("2d", { alpha: false, willReadFrequently: true });
    const count = data.count;
    const view = { scale: 1, left: 0, top: 0, fit: 1 };
    const state = {
      layout: data.layouts[0],
      x: data.layouts[0].x.slice(),
      y: data.layouts[0].y.slice(),
      colours: new Uint32Array(count),
      strokes: [],
      lit: new Uint8Array(count).fill(1),
      photos: true,
      lasso: null,
      marked: -1,
      pinned: -1,
    };
    const order = mixed(count);
    const [dim, bright] = [new Int32Array(count), new Int32Array(count)];
    let [dimmed, shining, ratio, image, pixels, asked] = [0, 0, 1, null, null, false];
    let chosen = { key: "", rows: [] };
    let drawn = [];

    // In a fixed order that looks like none, so that no city always lies on top.
    function mixed(length) {
      const rows = Int32Array.from({ length }, (_, row) => row);
      let seed = 1;
      for (let last = length - 1; last > 0; last--) {
        seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
        const other = seed % (last + 1);
        [rows[last], rows[other]] = [rows[other], rows[last]];
      }
      return rows;
    }

    function resize() {
      const { clientWidth: width, clientHeight: height } = canvas;
      if (!width || !height) return;
      const before = image ? [(canvas.width / 2 - view.left) / view.scale, (canvas.height / 2 - view.top) / view.scale] : null;
      const zoom = view.scale / view.fit;
      ratio = Math.min(devicePixelRatio || 1, 2, Math.sqrt(MOST_PIXELS / (width * height)));
      [canvas.width, canvas.height] = [Math.round(width * ratio), Math.round(height * ratio)];
      image = context.createImageData(canvas.width, canvas.height);
      pixels = new Uint32Array(image.data.buffer);
      view.fit = 0.93 * Math.min(canvas.width, canvas.height);
      if (before === null) return fit();
      view.scale = view.fit * zoom;
      view.left = canvas.width / 2 - before[0] * view.scale;
      view.top = canvas.height / 2 - before[1] * view.scale;
      redraw();
    }

    function fit() {
      view.scale = view.fit;
      view.left = (canvas.width - view.scale) / 2;
      view.top = (canvas.height - view.scale) / 2;
      redraw();
    }

    function zoom(factor, [across, down] = [canvas.clientWidth / 2, canvas.clientHeight / 2]) {
      const scale = Math.min(view.fit * 400, Math.max(view.fit * 0.5, view.scale * factor));
      view.left = across * ratio - ((across * ratio - view.left) * scale) / view.scale;
      view.top = down * ratio - ((down * ratio - view.top) * scale) / view.scale;
      view.scale = scale;
      redraw();
    }

    function move(across, down) {
      view.left += across * ratio;
      view.top += down * ratio;
      redraw();
    }

    function centre(row) {
      view.scale = Math.max(view.scale, view.fit * 4);
      view.left = canvas.width / 2 - state.x[row] * view.scale;
      view.top = canvas.height / 2 - state.y[row] * view.scale;
      redraw();
    }

    // Which photos are lit decides what lies on top; those of higher rank lie above others.
    function light(lit, rank) {
      state.lit = lit;
      [dimmed, shining] = [0, 0];
      const late = [];
      for (const row of order) {
        if (!lit[row]) dim[dimmed++] = row;
        else if (rank?.[row] > 0) late.push(row);
        else bright[shining++] = row;
      }
      for (const row of late) bright[shining++] = row;
      chosen.key = "";
      redraw();
    }

    function redraw() {
      if (!asked) requestAnimationFrame(draw);
      asked = true;
    }

    function draw() {
      asked = false;
      if (!image) return;
      const size = [canvas.width, canvas.height];
      const grown = Math.sqrt(view.scale / view.fit);
      const radius = Math.min(6, Math.max(1.2, (110 / Math.sqrt(count)) * 1.1) * grown) * ratio;
      const { x, y } = state;
      pixels.fill(state.ground);
      const faint = state.faint.length === count ? state.faint : (state.faint = new Uint32Array(count).fill(state.faint[0]));
      atlasPoints.discs(pixels, size, { rows: dim, count: dimmed, x, y, colours: faint }, view, Math.max(1, radius * 0.7));
      atlasPoints.discs(pixels, size, { rows: bright, count: shining, x, y, colours: state.colours }, view, radius);
      context.putImageData(image, 0, 0);
      drawSquares();
      for (const row of [state.pinned, state.marked]) if (row >= 0) ring(row, radius);
      if (state.lasso) outline(state.lasso);
    }

    // Photos that do not cover one another are shown, the same ones while the map moves: cells as wide as a picture
    // hold one at most, so that a look at the nine around it is enough.
    function choose() {
      const level = Math.floor(Math.log2(view.scale / view.fit) + 1e-9);
      const key = `${level}/${state.layout.method}/${canvas.width}`;
      if (chosen.key === key) return;
      const cell = ((SQUARE + 6) * ratio) / (view.fit * 2 ** level);
      const taken = new Map();
      const rows = [];
      const covered = (row, across, down) => {
        const other = taken.get(across * 1e6 + down);
        if (other === undefined) return false;
        return Math.abs(state.x[other] - state.x[row]) < cell && Math.abs(state.y[other] - state.y[row]) < cell;
      };
      for (let number = shining - 1; number >= 0; number--) {
        const row = bright[number];
        const [across, down] = [Math.floor(state.x[row] / cell), Math.floor(state.y[row] / cell)];
        let free = squares.has(row);
        for (let near = 0; free && near < 9; near++) free = !covered(row, across - 1 + (near % 3), down - 1 + Math.floor(near / 3));
        if (!free) continue;
        taken.set(across * 1e6 + down, row);
        rows.push(row);
      }
      chosen = { key, rows };
    }

    const close = () => view.scale / view.fit >= Math.min(4, Math.max(1, Math.sqrt(count / 400)));

    function drawSquares() {
      drawn = [];
      if (!state.photos || !close() || moving) return;
      choose();
      const size = SQUARE * ratio * 2 ** (Math.log2(view.scale / view.fit) - Math.floor(Math.log2(view.scale / view.fit) + 1e-9));
      const edge = 2 * ratio;
      context.imageSmoothingQuality = "low";
      for (const row of chosen.rows) {
        const left = Math.round(state.x[row] * view.scale + view.left - size / 2);
        const top = Math.round(state.y[row] * view.scale + view.top - size / 2);
        if (left + size < 0 || top + size < 0 || left > canvas.width || top > canvas.height) continue;
        context.fillStyle = state.strokes(row);
        context.fillRect(left - edge, top - edge, size + 2 * edge, size + 2 * edge);
        squares.draw(context, row, left, top, size);
        drawn.push([row, left, top, size]);
      }
    }

    function ring(row, radius) {
      const across = state.x[row] * view.scale + view.left;
      const down = state.y[row] * view.scale + view.top;
      context.beginPath();
      context.arc(across, down, radius + 4 * ratio, 0, 2 * Math.PI);
      context.lineWidth = 2.5 * ratio;
      context.strokeStyle = state.ink;
      context.stroke();
    }

    function outline(line) {
      context.beginPath();
      line.forEach(([x, y], index) => context[index ? "lineTo" : "moveTo"](x * view.scale + view.left, y * view.scale + view.top));
      context.closePath();
      context.lineWidth = 1.5 * ratio;
      context.strokeStyle = state.ink;
      context.setLineDash([5 * ratio, 4 * ratio]);
      context.stroke();
      context.setLineDash([]);
    }

    // The photo at a spot in CSS pixels: the topmost picture, else the nearest dot that is lit.
    function at([across, down]) {
      const [px, py] = [across * ratio, down * ratio];
      for (let number = drawn.length - 1; number >= 0; number--) {
        const [row, left, top, size] = drawn[number];
        if (px >= left && px <= left + size && py >= top && py <= top + size) return row;
      }
      const [x, y] = [(px - view.left) / view.scale, (py - view.top) / view.scale];
      let [best, nearest] = [-1, ((12 * ratio) / view.scale) ** 2];
      for (let row = 0; row < count; row++) {
        const far = (state.x[row] - x) ** 2 + (state.y[row] - y) ** 2;
        if (far < nearest && state.lit[row]) [best, nearest] = [row, far];
      }
      return best;
    }

    const place = ([across, down]) => [(across * ratio - view.left) / view.scale, (down * ratio - view.top) / view.scale];
    const spot = (row) => [(state.x[row] * view.scale + view.left) / ratio, (state.y[row] * view.scale + view.top) / ratio];

    let moving = false;
    function show(layout) {
      const quiet = matchMedia("(prefers-reduced-motion: reduce)").matches;
      const [fromX, fromY, start] = [state.x.slice(), state.y.slice(), performance.now()];
      state.layout = layout;
      moving = true;
      const step = (now) => {
        if (state.layout !== layout) return;
        const share = quiet ? 1 : Math.min(1, Math.max(0, now - start) / 600);
        const eased = share * share * (3 - 2 * share);
        for (let row = 0; row < count; row++) {
          state.x[row] = fromX[row] + eased * (layout.x[row] - fromX[row]);
          state.y[row] = fromY[row] + eased * (layout.y[row] - fromY[row]);
        }
        moving = share < 1;
        if (moving) requestAnimationFrame(step);
        chosen.key = "";
        redraw();
      };
      requestAnimationFrame(step);
    }

    return { state, resize, fit, zoom, move, centre, light, redraw, at, place, spot, show, forget: () => (chosen.key = "") };
  }

  return { open };
})();
