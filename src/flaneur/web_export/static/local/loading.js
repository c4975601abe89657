// How much of the model has arrived in; a line and a bar at the bottom of the page out.
import { make } from "../make.js";
import { texts } from "../texts.js";

let shown = null;
let finished = false;

/** @param {{done: number, of: number, ready: boolean}|null} loading bytes; null takes the bar away */
export async function showLoading(loading) {
  finished = loading === null || loading.ready;
  const t = await texts("local");
  if (finished) {
    shown?.remove();
    shown = null;
    return;
  }
  if (!shown) {
    const line = t.put(make("p", { role: "status" }), "loading", { size: t.number(loading.of / 1e6) });
    shown = make("div", { class: "loading" }, line, make("progress", { "data-label": "local.loading_bar", max: loading.of }));
    shown.lastElementChild.setAttribute("aria-label", t("loading_bar"));
    document.body.append(shown);
  }
  shown.lastElementChild.value = loading.done;
}
