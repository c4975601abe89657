// What is under way, and how far; a line and a bar at the bottom of the page out.
import { make } from "../make.js";
import { texts } from "../texts.js";

const words = texts("local").catch(() => null); // at once: a page that is open may go offline
let wanted = null;
let shown = null;

/** @param {"loading"|"map"|null} kind null takes the bar away
 * @param {{done: number, of: number}} [progress] bytes while loading, parts of a map
 */
export async function showBar(kind, progress) {
  wanted = kind && { kind, ...progress };
  const t = await words;
  if (!t) return;
  if (!wanted) {
    shown?.element.remove();
    shown = null;
    return;
  }
  if (shown?.kind !== wanted.kind) draw(t);
  shown.bar.value = wanted.done;
}

function draw(t) {
  shown?.element.remove();
  const { kind, of } = wanted;
  const line = t.put(make("p", { role: "status" }), kind, { of, size: t.number(of / 1e6) });
  const bar = make("progress", { max: of, "aria-label": t(`${kind}_bar`), "data-label": `local.${kind}_bar` });
  shown = { kind, bar, element: make("div", { class: "doing" }, line, bar) };
  document.body.append(shown.element);
}
