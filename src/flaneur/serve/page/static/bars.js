// Cities with their probabilities in; a list with a bar for each out.

/** Draws bars into a list, the most probable first.
 * @param {HTMLElement} list an <ol>, emptied first
 * @param {{name: string, probability: number}[]} ranking most probable first
 * @param {{t: Function, top?: number, unsure?: boolean}} how t of texts.js; unsure greys the bars (an abstention)
 */
export function drawBars(list, ranking, { t, top = 5, unsure = false }) {
  list.classList.add("bars");
  list.classList.toggle("unsure", unsure);
  list.replaceChildren(...ranking.slice(0, top).map((one, index) => row(one, index, t)));
}

function row({ name, probability }, index, t) {
  const item = document.createElement("li");
  item.className = index ? "" : "first";
  const [label, track, fill, value] = ["span", "span", "i", "b"].map((kind) => document.createElement(kind));
  [label.className, track.className, fill.className] = ["name", "track", "fill"];
  label.textContent = name;
  fill.style.setProperty("--share", String(probability));
  value.textContent = t.percent(probability);
  track.append(fill);
  item.append(label, track, value);
  return item;
}
