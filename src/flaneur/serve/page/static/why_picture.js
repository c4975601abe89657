// A photo and a map of it in; the one over the other, with a slider and what its colours mean, out.
import { pictureOf, release } from "./files.js";
import { make } from "./make.js";

const GREY = 0.75; // how much of its colour the photo loses under the whole map, so that it lends the map no orange
const FADED_IN = 75;
const SMALLEST_PX = 352; // of the longer side on the screen: what is smaller is enlarged
const TALLEST = "70svh";

/**
 * @param {Function} t of texts("why")
 * @returns {{element: HTMLElement, show: (file: File) => Promise<void>, lay: (found: object, named: object) => void,
 *   close: () => void}} show: the photo alone, done once its size is known; lay: a map from api.explain over it, named: its cities' names
 */
export function photoAndMap(t) {
  const frame = make("div", { class: "why-stage" });
  const map = make("img", { class: "why-map", alt: "", hidden: true });
  const fader = make("input", { type: "range", min: 0, max: 100, value: FADED_IN, "data-label": "why.fade" });
  const row = make("div", { class: "why-fader", hidden: true });
  const legend = make("div", { class: "why-legend", hidden: true });
  let [photo, shown, sized] = [null, null, null];

  const fade = () => {
    const share = map.hidden ? 0 : Number(fader.value) / 100;
    map.style.opacity = share;
    photo.style.filter = `grayscale(${GREY * share})`;
  };
  fader.addEventListener("input", fade);
  fader.setAttribute("aria-label", t("fade"));
  row.append(t.put(make("span"), "end_photo"), fader, t.put(make("span"), "end_map"));

  function show(file) {
    if (shown !== file) {
      release(frame);
      const own = (photo = pictureOf(file, file.name));
      photo.className = "why-photo";
      frame.classList.remove("bare");
      photo.addEventListener("load", () => own === photo && fit(frame, photo));
      photo.addEventListener("error", () => own === photo && frame.classList.add("bare"));
      sized = new Promise((known) => ["load", "error"].forEach((end) => photo.addEventListener(end, known)));
      frame.replaceChildren(photo, map);
    }
    shown = file;
    map.hidden = legend.hidden = row.hidden = true;
    fade();
    return sized;
  }

  function lay(found, named) {
    map.src = found.overlay;
    map.hidden = row.hidden = false;
    legend.hidden = !(found.limit > 0); // nothing speaks for or against: no colours to explain
    legend.replaceChildren(...scale(t, found, named));
    fade();
  }

  return { element: make("figure", { class: "why-figure" }, frame, row, legend), show, lay, close: () => release(frame) };
}

/** As wide as the photo, neither tiny nor taller than the window. */
export function fit(frame, { naturalWidth: width, naturalHeight: height }) {
  const wide = width * Math.max(1, SMALLEST_PX / Math.max(width, height));
  frame.style.width = `min(100%, ${wide}px, ${width / height} * ${TALLEST})`;
}

/** What the ends of the colours say, with their numbers. */
function scale(t, { limit, method }, { city, against }) {
  const size = t.number(limit, digitsOf(limit));
  const low = against ? ["for", { city: against }] : ["against_it", { city }];
  const unit = `unit_${method}`;
  return [
    make("span", {}, t.put(make("span"), ...low), " ", make("b", {}, `−${size}`)),
    make("i", { "aria-hidden": "true" }),
    make("span", {}, t.put(make("span"), "for", { city }), " ", make("b", {}, `+${size}`)),
    ...(t.has(unit) ? [t.put(make("small"), unit)] : []),
  ];
}

/** Two digits that tell. */
const digitsOf = (value) => (value > 0 && value < 10 ? Math.min(6, Math.max(0, 1 - Math.floor(Math.log10(value)))) : 0);
