// Rounds that were answered in; who took which city for which, one's own beside the model's, out.
import { make } from "./make.js";

const MOST = 12; // cities, beyond which a matrix is more gaps than counts
const LISTED = 6;

/**
 * @param {Function} t
 * @param {object[]} cities of the game
 * @param {object[]} rounds with truth, city and model
 * @param {string} name of the model
 * @returns {HTMLElement[]}
 */
export function matricesOf(t, cities, rounds, name) {
  const named = rounds.filter((one) => one.city);
  const pairs = [{ who: t("you"), counts: countOf(named, (one) => one.city), nowhere: rounds.length - named.length }];
  const played = rounds.filter((one) => one.model);
  if (played.length) pairs.push({ who: name, counts: countOf(played, (one) => one.model.city) });
  const made = pairs.map(({ who, counts, nowhere }) => {
    const list = counts.size ? mixUps(t, cities, counts) : null;
    const beside = nowhere ? t.put(make("p"), "mixed_nowhere", { n: nowhere }) : null;
    return make("div", {}, make("h3", {}, who), cities.length <= MOST ? matrix(t, cities, counts, who) : null, list, beside);
  });
  return [make("div", { class: "two" }, ...made), t.put(make("p", { class: "note" }), "mixed_note")];
}

function countOf(rounds, guess) {
  const counts = new Map();
  for (const one of rounds) {
    const key = `${one.truth.city} ${guess(one)}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}

function matrix(t, cities, counts, who) {
  const short = (name) => make("span", {}, name);
  const head = cities.map(({ name }) => make("th", { scope: "col" }, short(name)));
  const rows = cities.map((truth) => {
    const cells = cities.map((guess) => {
      const count = counts.get(`${truth.city} ${guess.city}`) ?? 0;
      return make("td", { class: count ? (truth === guess ? "right" : "wrong") : "" }, count ? t.number(count) : "");
    });
    return make("tr", {}, make("th", { scope: "row" }, truth.name), ...cells);
  });
  const corner = t.put(make("td", { class: "corner" }), "matrix_corner");
  const table = make("table", { class: "matrix" }, make("thead", {}, make("tr", {}, corner, ...head)), make("tbody", {}, ...rows));
  return make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": who }, table);
}

function mixUps(t, cities, counts) {
  const nameOf = (slug) => cities.find(({ city }) => city === slug)?.name ?? "–";
  const wrong = [...counts].map(([key, n]) => [...key.split(" "), n]).filter(([truth, guess]) => truth !== guess);
  wrong.sort((one, other) => other[2] - one[2]);
  if (!wrong.length) return t.put(make("p"), "no_mix_up");
  const items = wrong.slice(0, LISTED).map(([truth, guess, n]) => t.put(make("li"), "mix_up", { truth: nameOf(truth), guess: nameOf(guess), n }));
  return make("ul", { class: "mixups" }, ...items);
}
