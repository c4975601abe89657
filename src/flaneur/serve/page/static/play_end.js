// How a game went in; one's share beside the model's with intervals, mix-ups and every photo, out. Or only thanks.
import { make } from "./make.js";
import { offers, pictureAt, standings } from "./play_api.js";
import { watch } from "./play_board.js";
import { matricesOf } from "./play_matrix.js";

const SIGNIFICANT = 0.05;

/** After an experiment: thanks, the code, and whom the photos are by. */
export function showThanks(box, t, result, over) {
  const texts = result.thanks.split(/\n\s*\n/).filter(Boolean).map((text) => make("p", { class: "lead" }, text));
  if (!texts.length) texts.push(t.put(make("p", { class: "lead" }), "thanks_more"));
  const code = make("p", {}, t.put(make("span"), "your_code"), " ", make("b", { class: "code" }, result.code));
  const button = t.put(make("button", { type: "button", class: "quiet", on: { click: over } }), "next_participant");
  box.replaceChildren(t.put(make("h1"), "thanks"), ...texts, code, creditsOf(t, result.credits), make("div", { class: "tools" }, button));
}

/**
 * After a game.
 * @param {{seat: object, result: object}} about
 * @param {{again: Function, over: Function}} then
 * @returns {Function} tidies up
 */
export function showEnd(box, t, { seat, result }, { again, over }) {
  const { player, model, paired, rounds } = result.score;
  const name = rounds.find((one) => one.model)?.model.name ?? "";
  const title = t.put(make("h1"), "end_title", { n: player.correct, of: player.of });
  const points = t.put(make("p", { class: "lead" }), "end_points", { n: player.points, most: seat.game.most_points * player.of });
  const rows = [shareRow(t, t("you"), player), model && shareRow(t, name, model, "other")];
  const words = [t.put(make("p"), "end_interval", { n: player.of, low: t.percent(player.low), high: t.percent(player.high) })];
  if (paired) words.push(compared(t, paired, name));
  const anew = t.put(make("button", { type: "button", class: "primary", hidden: true, on: { click: again } }), "play_again");
  const other = t.put(make("button", { type: "button", on: { click: over } }), "other_game");
  const board = seat.game.leaderboard ? watch(t, () => standings(seat)) : null;
  box.replaceChildren(
    title, points,
    make("div", { class: "card shares" }, ...rows, ...words, t.put(make("p", { class: "note" }), "end_scope", { dataset: seat.game.dataset })),
    make("div", { class: "tools" }, anew, other),
    ...(board ? [make("section", {}, t.put(make("h2"), "leaderboard"), board.element)] : []),
    make("section", {}, t.put(make("h2"), "mixed"), ...matricesOf(t, seat.game.cities, rounds, name)),
    make("section", {}, t.put(make("h2"), "every_photo"), make("ol", { class: "album" }, ...rounds.map((one) => photoRow(t, one, seat.game.cities)))),
    creditsOf(t, result.credits),
  );
  offers().then(({ may_make, datasets }) => (anew.hidden = !(may_make && datasets.some((one) => one.name === seat.game.dataset))), () => {});
  return () => board?.close();
}

/** A share with its interval, as a line on a scale from 0 to 100 %. */
function shareRow(t, name, { correct, of, low, high }, kind = "") {
  const [band, tick] = [make("i", { class: "band" }), make("i", { class: "tick" })];
  band.style.left = `${100 * low}%`;
  band.style.width = `${100 * (high - low)}%`;
  tick.style.left = `${(100 * correct) / of}%`;
  const told = t("share", { correct, of, share: t.percent(correct / of), low: t.percent(low), high: t.percent(high) });
  const line = make("span", { class: "line", "aria-hidden": "true" }, band, tick);
  return make("div", { class: `share ${kind}` }, make("b", {}, name), line, make("span", { class: "told" }, told));
}

function compared(t, { only_player, only_model, p }, name) {
  const better = p >= SIGNIFICANT ? "end_open" : only_player > only_model ? "end_you" : "end_model";
  const counts = t("end_paired", { you: only_player, model: only_model, name });
  const chance = only_player + only_model ? ` ${t("end_chance", { p: t.percent(p) })}` : "";
  return make("p", {}, `${counts}${chance} `, make("strong", {}, t(better, { name })));
}

function photoRow(t, one, cities) {
  const nameOf = (slug) => cities.find(({ city }) => city === slug)?.name ?? slug;
  const picture = make("img", { src: pictureAt(one.pictures[0]), alt: "", loading: "lazy" });
  const line = (key, { correct, city }) => make("li", { class: correct ? "good" : "bad" }, `${correct ? "✓" : "✗"} `, t.put(make("span"), key, { city: nameOf(city) }));
  const answers = make("ul", {}, line(one.city ? "row_you" : "row_nowhere", one), one.model && line("row_model", one.model));
  return make("li", {}, picture, make("div", {}, make("b", {}, one.truth.name), answers));
}

function creditsOf(t, credits) {
  if (!credits.length) return "";
  return make("details", { class: "credits" }, t.put(make("summary"), "photos_by"), make("p", { class: "note" }, credits.join("; ")));
}
