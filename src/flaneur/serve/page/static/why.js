// A photo and its answer in; what in the photo speaks for a city, as a map to fade in over it, out.
import { explain, lineOf } from "./api.js";
import { make } from "./make.js";
import { onLanguage, texts } from "./texts.js";
import { photoAndMap } from "./why_picture.js";
import { tellNearest, tellTrust, tellWhere } from "./why_words.js";

const FIRST = "occlusion"; // docs/explanation/maps.md: none that works for every model is more faithful

/**
 * Show why: photo and map with a slider between them, and choices of city, contrast city and method.
 * The map comes first, quick and unchecked; then how far to trust it.
 * Everything already in the container is replaced. Words are this module's own (texts/why.json).
 *
 * @param {HTMLElement} container
 * @param {{files: File[], answer: object, model: object}} about - one photo, or the views of one place that can be
 *   chosen among; their answer from api.predict; the model that gave it, from api.models
 * @returns {Promise<{found: () => object|null, close: () => void}>} found: the last map from api.explain, with
 *   `view`, the position of its photo among the files, for saving; close: stop asking, and let go of the pictures
 */
export async function showWhy(container, { files, answer, model }) {
  const t = await texts("why");
  const chosen = choices(t, files, answer, model);
  const stage = photoAndMap(t);
  const status = make("p", { class: "why-status", role: "status" });
  const again = make("button", { type: "button", hidden: true, on: { click: ask } });
  const said = make("div", { class: "why-said" });
  const near = make("div", { class: "why-said" });
  const nameOf = (slug) => slug && (model.cities.find((city) => city.slug === slug)?.name ?? slug);
  let asking = new AbortController();
  let last = null;

  async function ask() {
    asking.abort();
    const { signal } = (asking = new AbortController());
    const { file, view, ...how } = chosen.wish();
    last = null;
    again.hidden = true;
    said.replaceChildren();
    stage.show(file);
    try {
      t.put(status, "asking");
      show({ ...(await explain(file, { ...how, check: false, signal })), view });
      t.put(status, "checking");
      show({ ...(await explain(file, { ...how, signal })), view });
      quiet();
    } catch (error) {
      if (signal.aborted) return;
      quiet(lineOf(error, t));
      again.hidden = false;
    }
  }

  function show(found) {
    last = found;
    const named = { city: nameOf(found.city), against: nameOf(found.against) };
    const open = said.querySelector(".why-trust")?.open ?? false;
    stage.lay(found, named);
    said.replaceChildren(tellWhere(t, found, named));
    if (found.faithfulness || found.trust !== "unchecked") said.append(tellTrust(t, found, named, open));
  }

  function neighbours() {
    if (answer.nearest?.known.length) near.replaceChildren(tellNearest(t, answer.nearest, nameOf));
  }

  function quiet(line = "") {
    delete status.dataset.text;
    status.textContent = line;
  }

  t.put(again, "again");
  chosen.element.addEventListener("change", ask);
  neighbours();
  const deaf = onLanguage(() => {
    neighbours();
    if (last) show(last);
  });
  container.replaceChildren(stage.element, make("div", { class: "why-line" }, status, again), said, near, chosen.element);
  const sized = stage.show(chosen.wish().file);
  void ask();
  await sized; // so that the page does not jump where the plain photo gives way to this one
  return {
    found: () => last,
    close: () => {
      deaf();
      asking.abort();
      stage.close();
    },
  };
}

/** Lists of what can be asked. */
function choices(t, files, answer, model) {
  const cities = inOrder(model.cities ?? [], answer.ranking).map(({ slug, name }) => ({ value: slug, name }));
  const methods = (model.methods ?? [FIRST]).map((name) => ({ value: name, key: `method_${name}`, name }));
  const photo = select(t, files.map((_, index) => ({ value: index, key: "photo_of", values: { n: index + 1, all: files.length } })));
  const city = select(t, cities);
  const against = select(t, [{ value: "", key: "others" }, ...cities]);
  const method = select(t, methods);
  if (methods.some(({ value }) => value === FIRST)) method.value = FIRST;
  const fine = make("input", { type: "checkbox" });
  const labelled = (key, list, kind = null) => make("label", { class: kind }, t.put(make("span"), key), list);
  const element = make(
    "div",
    { class: "why-choices" },
    files.length > 1 && labelled("photo", photo, "why-wide"),
    labelled("city", city),
    labelled("against", against),
    methods.length > 1 && labelled("method", method, "why-wide"),
    make("label", { class: "why-fine" }, fine, t.put(make("span"), "fine")),
  );
  const keepApart = () => {
    if (against.value === city.value) against.value = "";
    for (const option of against.options) option.disabled = option.value === city.value;
  };
  city.addEventListener("change", keepApart);
  keepApart();
  const wish = () => ({
    file: files[Number(photo.value)],
    view: Number(photo.value),
    model: model.name,
    city: city.value,
    against: against.value,
    method: method.value,
    quick: !fine.checked,
  });
  return { element, wish };
}

function select(t, entries) {
  const options = entries.map(({ value, key, values, name }) => {
    const option = make("option", { value });
    if (key && t.has(key)) return t.put(option, key, values);
    option.textContent = name;
    return option;
  });
  return make("select", {}, ...options);
}

/** Cities of the model, the answer's order first. */
function inOrder(cities, ranking) {
  const place = new Map(ranking.map(({ city }, index) => [city, index]));
  const of = ({ slug }) => place.get(slug) ?? cities.length;
  return [...cities].sort((one, other) => of(one) - of(other));
}
