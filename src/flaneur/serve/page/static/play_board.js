// A way to ask for the standings in; a leaderboard that keeps itself up to date out.
import { make } from "./make.js";

const EVERY_MS = 3000;

/**
 * @param {Function} t
 * @param {Function} ask gives {standings}
 * @returns {{element: HTMLElement, close: Function}}
 */
export function watch(t, ask) {
  const body = make("tbody");
  const head = ["rank", "player", "answered", "correct", "points_column"].map((key) => t.put(make("th", { scope: "col", class: key === "player" ? "" : "num" }), key));
  const table = make("table", { class: "board" }, make("thead", {}, make("tr", {}, ...head)), body);
  const element = make("div", { class: "scroll", tabindex: "0", role: "region", "data-label": "play.leaderboard", "aria-label": t("leaderboard") }, table);
  let waiting = 0;
  let closed = false;

  async function renew() {
    try {
      const { standings } = await ask();
      const names = standings.map(({ name }) => name);
      const repeated = new Set(names.filter((name, at) => name && names.indexOf(name) !== at));
      if (!closed) body.replaceChildren(...standings.map((line) => rowOf(t, line, repeated.has(line.name))));
    } catch {
      // the table stays as it was; the next time may go better
    }
    if (!closed) waiting = setTimeout(renew, EVERY_MS);
  }

  void renew();
  return {
    element,
    close: () => {
      closed = true;
      clearTimeout(waiting);
    },
  };
}

/** A line; several players of one name are told apart by the order they came in. */
function rowOf(t, { rank, name, number, points, correct, answered, of, is_model, is_me }, repeated) {
  const shown = repeated && !is_model ? `${name} (${number})` : name || t("player_n", { n: number });
  const who = make("th", { scope: "row" }, shown, is_model ? make("small", {}, ` ${t("the_model")}`) : null, is_me ? make("small", {}, ` ${t("that_is_you")}`) : null);
  const cells = [`${t.number(answered)}/${t.number(of)}`, t.number(correct), t.number(points)].map((text) => make("td", { class: "num" }, text));
  return make("tr", { class: is_me ? "me" : is_model ? "machine" : "" }, make("td", { class: "num" }, t.number(rank)), who, ...cells);
}
