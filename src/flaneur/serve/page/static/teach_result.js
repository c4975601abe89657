// What a model measured of its new city in; the same in words and a table out.
import { make } from "./make.js";

const HALF = 0.5; // of its photos: what is found less often is no success

/** Says how well the city is found and what that costs the others.
 * @param {object} told what POST /v1/models/{model}/cities answers, and `from`: the model so far, as /v1/models tells it
 * @param {{$: Function, t: Function}} page
 */
export function drawLesson(told, { $, t }) {
  const [cost] = told.costs;
  const names = new Map((told.from?.cities ?? []).map(({ slug, name }) => [slug, name]));
  const poor = cost.found.value < HALF;
  $("learnt").textContent = t(poor ? "not_learnt" : "learnt", { city: told.name });
  $("poor").hidden = $("more").hidden = !poor;
  $("ask").classList.toggle("primary", !poor);
  $("found").textContent = [t("found_of", { n: cost.found.n, found: Math.round(cost.found.value * cost.found.n), city: told.name, span: span(cost.found, t) }), told.repeated ? t("copies", { n: told.repeated }) : "", told.failed.length ? t("unread", { n: told.failed.length, names: told.failed.map(({ photo }) => photo).join(", ") }) : ""].join(" ").trim();
  $("cost").replaceChildren(verdict(cost, t));
  const payers = cost.cities.filter(({ taken, before, after }) => taken || before !== after).sort((one, other) => other.taken - one.taken);
  $("payers").hidden = !payers.length;
  $("nobody").hidden = payers.length > 0;
  $("taken").textContent = t("taken", { city: told.name });
  $("rows").replaceChildren(...payers.map((one) => payer(one, names.get(one.city) ?? one.city, t)));
  $("figures").replaceChildren(...figures(cost, told, t));
  $("ask").href = `./?model=${encodeURIComponent(told.model.name)}`;
  t.put($("saved"), $("saved").dataset.text, { model: told.model.name });
}

function verdict(cost, t) {
  const { difference, before, after } = cost;
  const key = difference.high < 0 ? "cost_sure" : difference.value < 0 ? "cost_maybe" : "cost_none";
  const line = t(key, { before: t.percent(before.value, 1), after: t.percent(after.value, 1), points: points(-difference.value, t), least: points(-difference.high, t), most: points(-difference.low, t) });
  return make("p", { class: difference.high < 0 ? "note loud" : "fact" }, line);
}

function payer({ photos, before, after, taken }, name, t) {
  const cells = [photos, before, after, taken].map((number) => make("td", { class: "num" }, t.number(number)));
  return make("tr", {}, make("th", { scope: "row" }, name), ...cells);
}

function figures(cost, told, t) {
  const rows = [
    ["asked_about", t("behind", { n: cost.before.n, places: cost.before.places })],
    ["taught_from", t("count", { n: told.photos })],
    ["difference", `${signed(cost.difference.value, t)} (${signed(cost.difference.low, t)} … ${signed(cost.difference.high, t)})`],
    ["abstained_others", t("change", { before: t.percent(cost.abstained_before.value, 1), after: t.percent(cost.abstained_after.value, 1) })],
    ["abstained_new", t.percent(cost.new_abstained.value ?? 0)],
    ["calibration", t("change", { before: t.number(cost.calibration_error_before, 3), after: t.number(cost.calibration_error_after, 3) })],
  ];
  return rows.flatMap(([key, said]) => [t.put(make("dt"), key), make("dd", {}, said)]);
}

const span = ({ low, high }, t) => t("span", { low: t.percent(low), high: t.percent(high) });
const points = (share, t) => t.number(100 * Math.max(0, share), 1);
const signed = (share, t) => `${share < 0 ? "−" : "+"}${t.number(Math.abs(100 * share), 1)}`;
