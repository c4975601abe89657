"use strict";
(() => {
  const box = document.querySelector(".atlas");
  const data = atlasTable.read(document.getElementById("atlas-data").textContent);
  const one = (selector) => box.querySelector(selector);
  const every = (selector) => [...box.querySelectorAll(selector)];
  const number = (value) => value.toLocaleString("en");
  const canvas = one("canvas");
  const squares = atlasSquares.open(data, () => (map.forget(), map.redraw()));
  box.hidden = false;
  const map = atlasMap.open(canvas, data, squares);

  const chosen = new Set(); // codes of the legend
  let [column, found, lassoed, pinned, words] = [data.columns[0], null, null, -1, null];
  let picked = [];
  const LISTED = 60;

  function element(name, text = "", kind = "") {
    const made = document.createElement(name);
    made.textContent = text;
    made.className = kind;
    return made;
  }

  // Colours and legend.
  function paint() {
    const { css, packed, ofNames, onRamp } = atlasColours;
    map.state.ground = packed(css("--card"));
    map.state.ink = css("--ink");
    map.state.faint = [packed(`color-mix(in srgb, ${css("--edge")} 32%, ${css("--card")})`)];
    const unknown = css("--edge");
    if (column.names) {
      const names = ofNames(column);
      const codes = names.map(packed);
      const none = packed(unknown);
      for (let row = 0; row < data.count; row++) map.state.colours[row] = codes[column.codes[row]] ?? none;
      map.state.strokes = (row) => names[column.codes[row]] ?? unknown;
      nameLegend(names);
    } else {
      const [low, high] = span(column.values);
      const steps = Array.from({ length: 65 }, (_, step) => onRamp(step / 64));
      const codes = steps.map(packed);
      const step = (value) => Math.round(64 * Math.min(1, Math.max(0, (value - low) / (high - low || 1))));
      const none = packed(unknown);
      column.values.forEach((value, row) => (map.state.colours[row] = Number.isNaN(value) ? none : codes[step(value)]));
      map.state.strokes = (row) => (Number.isNaN(column.values[row]) ? unknown : steps[step(column.values[row])]);
      rampLegend(steps, low, high);
    }
    map.redraw();
  }

  // Ends of a scale: all years and shares; of other numbers the middle 98 %, or a few would bleach all others.
  function span(values) {
    if (column.kind === "share") return [0, 1];
    const sorted = values.filter((value) => !Number.isNaN(value)).sort();
    const cut = column.kind === "year" ? 0 : Math.floor(sorted.length / 100);
    return [sorted[cut], sorted[sorted.length - 1 - cut]];
  }

  function legendTitle() {
    const title = one(".atlas-legend-title");
    title.replaceChildren(column.title[0].toUpperCase() + column.title.slice(1));
    if (column.hint) title.append(element("small", column.hint));
  }

  function nameLegend(names) {
    legendTitle();
    const counts = new Map();
    column.codes.forEach((code) => counts.set(code, (counts.get(code) ?? 0) + 1));
    const entry = (code, name, colour) => {
      const button = element("button");
      button.type = "button";
      button.dataset.code = code;
      button.setAttribute("aria-pressed", String(chosen.has(code)));
      const swatch = element("i");
      swatch.style.setProperty("--c", colour);
      button.append(swatch, element("span", name), element("small", number(counts.get(code) ?? 0)));
      const item = element("li");
      item.append(button);
      return item;
    };
    const entries = column.names.map((name, code) => entry(code, name, names[code])).filter((_, code) => counts.get(code));
    if (counts.get(-1)) entries.push(entry(-1, "not known", atlasColours.css("--edge")));
    one(".atlas-legend").replaceChildren(...entries);
  }

  function rampLegend(steps, low, high) {
    legendTitle();
    const strip = element("li", "", "atlas-ramp");
    strip.style.background = `linear-gradient(to right, ${steps.join(",")})`;
    const ends = element("li", "", "atlas-ends");
    ends.append(element("span", atlasTable.number(low, column.kind)), element("span", atlasTable.number(high, column.kind)));
    one(".atlas-legend").replaceChildren(strip, ends);
  }

  // What is lit: chosen in the legend, found by the search, inside the lasso.
  function choose() {
    const lit = new Uint8Array(data.count);
    const rows = [];
    for (let row = 0; row < data.count; row++) {
      const kept = !chosen.size || chosen.has(column.codes[row]);
      if (kept && (!found || found[row]) && (!lassoed || lassoed[row])) {
        lit[row] = 1;
        rows.push(row);
      }
    }
    map.light(lit, column.kind === "verdict" ? column.codes : null);
    picked = chosen.size || found || lassoed ? rows : [];
    tell();
  }

  function tally(key) {
    const names = data.column(key);
    if (!names?.names) return "";
    const counts = new Map();
    picked.forEach((row) => counts.set(names.codes[row], (counts.get(names.codes[row]) ?? 0) + 1));
    const top = [...counts].sort((a, b) => b[1] - a[1]);
    const rest = top.length > 4 ? `, ${top.length - 4} more` : "";
    return top.slice(0, 4).map(([code, count]) => `${names.names[code] ?? "not known"} ${number(count)}`).join(", ") + rest;
  }

  function tell() {
    const some = Boolean(chosen.size || found || lassoed);
    const lines = [`${number(picked.length)} of ${number(data.count)} photos`, tally("city"), tally("verdict")];
    one(".atlas-count").textContent = some
      ? lines.filter(Boolean).join(" · ")
      : `${number(data.count)} photos. Pick some with the lasso, the search or the legend, and they are listed here.`;
    one(".atlas-actions").hidden = !some;
    one(".atlas-ids").hidden = true;
    const items = picked.slice(0, LISTED).map(listed);
    if (picked.length > LISTED) items.push(element("li", `… and ${number(picked.length - LISTED)} more; the CSV has all of them.`));
    one(".atlas-list").replaceChildren(...items);
  }

  function listed(row) {
    const button = element("button");
    button.type = "button";
    button.dataset.row = row;
    const text = element("span", data.word("original", row) || data.ids[row]);
    text.append(verdict(row));
    button.append(squares.element(row), text);
    const item = element("li");
    item.append(button);
    return item;
  }

  const said = (row) => (data.column("guess") ? data.name("guess", row) : "");

  function verdict(row) {
    const sure = data.column("confidence");
    const share = sure ? ` ${atlasTable.number(sure.values[row], "share")}` : "";
    const guess = said(row);
    const judged = data.name("verdict", row);
    const silent = judged === "would not answer" ? " (would not answer)" : "";
    const text = `${data.name("city", row)}${guess ? ` → ${guess}${share}${silent}` : ""}`;
    return element("span", text, guess && judged === "wrong" ? "wrong" : "");
  }

  // A card of one photo: beside the pointer, or in the side panel for good.
  function card(row, full) {
    const parts = squares.has(row) ? [squares.element(row)] : [];
    parts.push(element("b", data.word("original", row) || data.ids[row]), verdict(row));
    const shown = full ? data.columns : [column];
    for (const other of shown) {
      if (!["city", "guess", "confidence"].includes(other.key)) parts.push(element("span", `${other.title}: ${atlasTable.told(other, row)}`));
    }
    const keys = full ? ["place", "captured_at", "author"] : ["captured_at"];
    const titles = { place: "place", captured_at: "taken", author: "by" };
    for (const key of keys) if (data.word(key, row)) parts.push(element("span", `${titles[key]}: ${data.word(key, row)}`));
    const address = data.word("page_url", row);
    if (full && /^https?:\/\//.test(address)) {
      const link = element("a", "The original");
      [link.href, link.rel, link.target] = [address, "noopener noreferrer", "_blank"];
      parts.push(link);
    }
    return parts;
  }

  const tip = one(".atlas-tip");
  function hover(row) {
    if (row !== map.state.marked) {
      map.state.marked = row;
      tip.hidden = row < 0;
      if (row >= 0) tip.replaceChildren(...card(row, false));
      map.redraw();
    }
    canvas.classList.toggle("over", row >= 0);
    if (row < 0) return;
    const [across, down] = map.spot(row);
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    const left = across + 18 + tip.offsetWidth < width ? across + 18 : across - 18 - tip.offsetWidth;
    tip.style.left = `${Math.max(4, Math.min(left, width - tip.offsetWidth - 4))}px`;
    tip.style.top = `${Math.max(4, Math.min(down - tip.offsetHeight / 2, height - tip.offsetHeight - 4))}px`;
  }

  function pin(row) {
    pinned = map.state.pinned = row;
    one(".atlas-one").hidden = row < 0;
    one(".atlas-one").replaceChildren(...(row < 0 ? [] : card(row, true)));
    map.redraw();
  }

  // Pointers: one moves or draws the lasso, two zoom.
  const fingers = new Map();
  let [line, travelled, lassoing] = [null, 0, false];
  const spotOf = (event) => {
    const { left, top } = canvas.getBoundingClientRect();
    return [event.clientX - left, event.clientY - top];
  };

  canvas.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    canvas.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, spotOf(event));
    travelled = 0;
    if (fingers.size === 1 && (lassoing || event.shiftKey)) line = map.state.lasso = [map.place(spotOf(event))];
    else if (fingers.size > 1) line = map.state.lasso = null;
    canvas.classList.toggle("moving", !line);
  });

  canvas.addEventListener("pointermove", (event) => {
    const now = spotOf(event);
    const before = fingers.get(event.pointerId);
    if (!before) return hover(map.at(now));
    travelled += Math.hypot(now[0] - before[0], now[1] - before[1]);
    fingers.set(event.pointerId, now);
    if (travelled > 4) hover(-1);
    if (line) {
      line.push(map.place(now));
      map.redraw();
    } else if (fingers.size === 1) map.move(now[0] - before[0], now[1] - before[1]);
    else pinch(event.pointerId, before, now);
  });

  function pinch(id, before, now) {
    const other = [...fingers].find(([key]) => key !== id)[1];
    const gap = (spot) => Math.hypot(spot[0] - other[0], spot[1] - other[1]) || 1;
    map.move((now[0] - before[0]) / 2, (now[1] - before[1]) / 2);
    map.zoom(gap(now) / gap(before), [(now[0] + other[0]) / 2, (now[1] + other[1]) / 2]);
  }

  function release(event) {
    if (!fingers.delete(event.pointerId)) return;
    canvas.classList.remove("moving");
    if (line) {
      const drawn = line;
      line = map.state.lasso = null;
      if (drawn.length > 2 && travelled > 8) lasso(drawn);
      map.redraw();
    } else if (travelled <= 4 && event.type === "pointerup") pin(map.at(spotOf(event)));
  }
  canvas.addEventListener("pointerup", release);
  canvas.addEventListener("pointercancel", release);
  canvas.addEventListener("pointerleave", () => hover(-1));

  function lasso(drawn) {
    lassoed = null;
    const within = new Uint8Array(data.count);
    const { x, y } = map.state;
    for (let row = 0; row < data.count; row++) within[row] = Number(atlasPoints.inside(drawn, x[row], y[row]));
    lassoed = within;
    pin(-1); // the list takes its room
    choose();
  }

  canvas.addEventListener(
    "wheel",
    (event) => {
      const ours = event.ctrlKey || event.metaKey || document.activeElement === canvas || box.classList.contains("whole");
      if (!ours) return;
      event.preventDefault();
      const pixels = event.deltaY * [1, 16, 400][event.deltaMode];
      map.zoom(Math.exp(-Math.max(-200, Math.min(200, pixels)) * (event.ctrlKey ? 0.008 : 0.002)), spotOf(event));
      hover(-1);
    },
    { passive: false },
  );

  const keys = {
    ArrowLeft: () => map.move(60, 0),
    ArrowRight: () => map.move(-60, 0),
    ArrowUp: () => map.move(0, 60),
    ArrowDown: () => map.move(0, -60),
    "+": () => map.zoom(1.4),
    "=": () => map.zoom(1.4),
    "-": () => map.zoom(1 / 1.4),
    0: () => map.fit(),
  };
  canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  });
  box.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    if (lassoed || chosen.size || found) clear();
    else if (pinned >= 0) pin(-1);
    else if (box.classList.contains("whole")) whole(false);
  });

  // Tools.
  function clear() {
    [lassoed, found] = [null, null];
    chosen.clear();
    one("[data-search]").value = "";
    every(".atlas-legend button").forEach((button) => button.setAttribute("aria-pressed", "false"));
    choose();
  }

  function whole(on) {
    box.classList.toggle("whole", on);
    one("[data-whole]").setAttribute("aria-pressed", String(on));
  }

  const select = one("[data-colour]");
  data.columns.forEach((other) => select.append(new Option(other.title, other.key)));
  select.addEventListener("change", () => {
    column = data.column(select.value);
    chosen.clear();
    paint();
    choose();
  });
  every("[data-layout]").forEach((button) =>
    button.addEventListener("click", () => {
      every("[data-layout]").forEach((other) => other.setAttribute("aria-pressed", String(other === button)));
      map.show(data.layouts[Number(button.dataset.layout)]);
    }),
  );
  every("[data-zoom]").forEach((button) =>
    button.addEventListener("click", () => ({ in: () => map.zoom(1.6), out: () => map.zoom(1 / 1.6), fit: map.fit })[button.dataset.zoom]()),
  );
  one("[data-photos]").addEventListener("change", ({ target }) => {
    map.state.photos = target.checked;
    map.redraw();
  });
  one("[data-lasso]").addEventListener("click", ({ target }) => {
    lassoing = !lassoing;
    target.setAttribute("aria-pressed", String(lassoing));
    canvas.classList.toggle("lasso", lassoing);
  });
  one("[data-whole]").addEventListener("click", () => whole(!box.classList.contains("whole")));
  one("[data-clear]").addEventListener("click", clear);

  let waiting = 0;
  one("[data-search]").addEventListener("input", ({ target }) => {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      const terms = target.value.toLowerCase().split(/\s+/).filter(Boolean);
      words ??= atlasTable.haystack(data);
      found = terms.length ? Uint8Array.from(words, (text) => Number(terms.every((term) => text.includes(term)))) : null;
      choose();
    }, 120);
  });

  one(".atlas-legend").addEventListener("click", ({ target }) => {
    const button = target.closest("button");
    if (!button) return;
    const code = Number(button.dataset.code);
    if (!chosen.delete(code)) chosen.add(code);
    button.setAttribute("aria-pressed", String(chosen.has(code)));
    choose();
  });

  const list = one(".atlas-list");
  const rowOf = ({ target }) => Number(target.closest("[data-row]")?.dataset.row ?? -1);
  list.addEventListener("click", (event) => {
    if (rowOf(event) < 0) return;
    map.centre(rowOf(event));
    pin(rowOf(event));
  });
  for (const kind of ["mouseover", "focusin"]) {
    list.addEventListener(kind, (event) => {
      map.state.marked = rowOf(event);
      map.redraw();
    });
  }
  list.addEventListener("mouseleave", () => hover(-1));

  one("[data-copy]").addEventListener("click", async ({ target }) => {
    const text = picked.map((row) => data.ids[row]).join("\n");
    const area = one(".atlas-ids");
    try {
      await navigator.clipboard.writeText(text);
      target.textContent = "Copied";
      setTimeout(() => (target.textContent = "Copy ids"), 1500);
    } catch {
      [area.hidden, area.value] = [false, text]; // not allowed to: they stand ready to be copied by hand
      area.select();
    }
  });
  one("[data-csv]").addEventListener("click", () => {
    const link = element("a");
    link.href = URL.createObjectURL(new Blob([atlasTable.csv(data, picked, map.state.layout)], { type: "text/csv" }));
    link.download = `${data.dataset}-photos.csv`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  });

  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", paint);
  paint();
  choose();
  new ResizeObserver(map.resize).observe(one(".atlas-stage"));
  map.resize();
  setTimeout(() => squares.load().then(() => pinned >= 0 && pin(pinned)), 0);
})();
