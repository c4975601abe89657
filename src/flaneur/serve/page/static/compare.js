// Photos, their answers by one model, and all models in; what each model says, side by side, out.
import { lineOf, predict } from "./api.js";
import { drawBars } from "./bars.js";
import { make } from "./make.js";
import { onLanguage, texts } from "./texts.js";
import { verdict } from "./words.js";

const SHOWN = 3;

/**
 * Offer to ask the other models too. Shows nothing where one model alone is served.
 * Everything already in the container is replaced. Words are this module's own (texts/compare.json).
 *
 * @param {HTMLElement} container
 * @param {{files: File[], answer: object, model: object, models: object[]}} about - the views of one place (or one
 *   photo), their answer, the model that gave it, and all models from api.models
 * @returns {Promise<{found: () => object[], close?: () => void}>} found: the answers so far, one a model, for saving
 */
export async function showCompare(container, { files, answer, model, models }) {
  const [t, photos] = [await texts("compare"), await texts("photo")];
  const answers = new Map([[model.name, answer]]);
  const asking = new AbortController();
  container.replaceChildren();
  const found = () => [...answers.values()];
  if (models.length < 2) return { found };

  const status = make("p", { class: "note", role: "status" });
  const cards = make("div", { class: "compare-cards" });
  const apart = t.put(make("p", { class: "note", hidden: true }), "not_comparable");
  const others = models.filter(({ name }) => name !== model.name);
  const button = make("button", { type: "button", on: { click: ask } });

  async function ask() {
    button.disabled = true;
    for (const other of others.filter(({ name }) => !answers.has(name))) {
      t.put(status, "asking", { model: other.name });
      try {
        const { answers: given } = await predict(files, { model: other.name, views: files.length > 1, signal: asking.signal });
        if (given[0].error) throw new Error(given[0].message);
        answers.set(other.name, given[0]);
        draw();
      } catch (error) {
        if (asking.signal.aborted) return;
        status.textContent = lineOf(error, t);
        delete status.dataset.text;
        button.disabled = false;
        return;
      }
    }
    button.hidden = true;
    t.put(status, ...agreement(found()));
  }

  function draw() {
    if (answers.size < 2) return;
    const told = models.filter(({ name }) => answers.has(name));
    const common = commonMeasure(told);
    cards.replaceChildren(...told.map((one) => card({ t, photos, common }, one, answers.get(one.name))));
    apart.hidden = Boolean(common);
  }

  const deaf = onLanguage(draw);
  t.put(button, "ask", { n: others.length });
  container.append(t.put(make("h2"), "title"), make("div", { class: "tools" }, button), status, cards, apart);
  container.append(t.put(make("p", { class: "note" }), "not_more"));
  return {
    found,
    close: () => {
      deaf();
      asking.abort();
    },
  };
}

function card({ t, photos, common }, model, answer) {
  const list = make("ol");
  drawBars(list, answer.ranking, { t, top: SHOWN, unsure: answer.abstained });
  const measured = common && shareRight(t, model, common);
  return make(
    "article",
    { class: "card compare-card" },
    make("h3", {}, `${model.name} ${model.version}`),
    make("p", { class: "compare-said" }, verdict(photos, answer)),
    list,
    t.put(make("p", { class: "note" }), "cities", { n: model.cities.length }),
    measured && t.put(make("p", { class: "note" }), "right", measured),
  );
}

/** The part of a dataset, "cities/test", on as many photos of which each model was measured; null: there is none. */
function commonMeasure([first, ...others]) {
  const measured = ({ metrics }, name) => metrics?.evaluated?.[name]?.accuracy;
  const isSame = (name) => (one) => ["n", "places"].every((key) => measured(one, name)?.[key] === measured(first, name)[key]);
  const names = Object.keys(first.metrics?.evaluated ?? {}).filter((name) => measured(first, name));
  return names.find((name) => others.every(isSame(name))) ?? null;
}

/** How often a model was right on these photos, which it did not learn from. */
function shareRight(t, { metrics }, where) {
  const { value, low, high, n } = metrics.evaluated[where].accuracy;
  return { where, n, share: t.percent(value), low: t.percent(low), high: t.percent(high) };
}

/** Whether the models agree: a key of the texts, and its values. */
function agreement(answers) {
  const said = answers.map(({ city, ranking }) => (city ? ranking[0].name : null));
  if (said.some((name) => name !== said[0])) return ["differ"];
  return said[0] ? ["agree", { city: said[0], n: said.length }] : ["agree_none", { n: said.length }];
}
