// Pictures of one place in; the one that is looked at, large, with the others to choose among, out.
import { make } from "./make.js";
import { pictureAt } from "./play_api.js";

const dialog = document.getElementById("large");
const large = dialog.querySelector("img");
dialog.querySelector("button").addEventListener("click", () => dialog.close());
large.addEventListener("click", () => dialog.close());

/**
 * @param {string[]} names of the pictures
 * @param {Function} t
 * @param {number} [first] which one is shown first
 * @returns {{element: HTMLElement, photo: HTMLImageElement, frame: HTMLElement, view: () => number, step: Function,
 *   ready: () => Promise<void>, onView: Function}} ready: done once a picture can be seen; step(1 or -1): the next or the
 *   last one
 */
export function photoOf(names, t, first = 0) {
  const listeners = [];
  let [at, turns] = [first, 0];
  const photo = make("img", { class: "photo", alt: t("photo_alt"), "data-alt": "play.photo_alt", decoding: "async" });
  const enlarge = make("button", { type: "button", class: "enlarge", "data-label": "play.larger", "aria-label": t("larger"), on: { click: show } }, "⤢");
  const frame = make("div", { class: "frame" }, photo, enlarge);
  const small = names.length > 1 ? names.map(thumbnail) : [];
  const strip = make("div", { class: "views", role: "group", "data-label": "play.views_of", "aria-label": t("views_of") }, ...small);
  photo.addEventListener("load", () => frame.style.setProperty("--ratio", String(photo.naturalWidth / photo.naturalHeight)));

  function thumbnail(name, index) {
    const picture = make("img", { src: pictureAt(name), alt: "" });
    const label = t("view_n", { n: index + 1, of: names.length });
    return make("button", { type: "button", "aria-label": label, on: { click: () => turn(index) } }, picture);
  }

  function turn(index) {
    if (turns && index === at) return;
    turns += 1;
    at = index;
    photo.src = pictureAt(names[at]);
    small.forEach((button, number) => button.setAttribute("aria-pressed", String(number === at)));
    listeners.forEach((listener) => listener(at));
  }

  function show() {
    large.src = photo.src;
    large.alt = photo.alt;
    dialog.showModal();
  }

  async function ready() {
    const mine = turns;
    try {
      await photo.decode();
    } catch (error) {
      if (mine === turns) throw error;
      await ready(); // another view was turned to before this one was there
    }
  }

  turn(first);
  return {
    element: make("div", { class: "looking" }, frame, small.length ? strip : null),
    photo,
    frame,
    view: () => at,
    step: (by) => turn((at + by + names.length) % names.length),
    ready,
    onView: (listener) => listeners.push(listener),
  };
}
