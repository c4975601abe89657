// The models that answer here in; what each knows, how good it is and what it cannot do, out.
import { lineOf, models as askModels } from "./api.js";
import { make } from "./make.js";
import { onLanguage, texts } from "./texts.js";

const $ = (id) => document.getElementById(id);
const t = await texts("about");
let models = [];

function show() {
  $("models").replaceChildren(make("h2", {}, t("models", { n: models.length })), ...models.map(card));
  $("models").hidden = false;
}

function card(model) {
  return make(
    "article", { class: "card" },
    make("h3", {}, `${model.name} ${model.version}`.trim()),
    make("p", {}, t("knows", { n: model.cities.length, cities: model.cities.map(({ name }) => name).join(", ") })),
    make("p", {}, good(model)),
    make("h4", {}, t("cannot")),
    make("ul", { lang: "en" }, ...model.limits.map((line) => make("li", {}, line))),
    make("dl", {}, ...facts(model).flatMap(([term, told]) => [make("dt", {}, term), make("dd", {}, told)])),
    make("details", {}, make("summary", {}, t("whole")), make("pre", { lang: "en", tabindex: 0 }, model.readme)),
  );
}

/** How often its first choice was right, with the interval, where that was measured. */
function good({ metrics, cities }) {
  const one = metrics?.validation?.accuracy;
  if (!one) return t("unmeasured");
  const [share, low, high] = [one.value, one.low, one.high].map((value) => t.percent(value));
  const added = cities.filter(({ slug }) => slug in (metrics.added ?? {})).map(({ name }) => name).join(", ");
  return t(added ? "good_added" : "good", { n: one.n, places: one.places, share, low, high, added });
}

function facts({ created, hash, licences }) {
  const found = [[t("made"), created], [t("hash"), hash]];
  if (licences.length) found.push([t("licences"), licences.join(", ")]);
  return found;
}

onLanguage(() => models.length && show());
try {
  models = await askModels();
  show();
} catch (error) {
  $("trouble").textContent = lineOf(error, t);
  $("trouble").hidden = false;
}
