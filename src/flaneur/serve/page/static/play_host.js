// A game for a class in; its join code, large, and the leaderboard that grows, out.
import { make } from "./make.js";
import { standingsOf } from "./play_api.js";
import { watch } from "./play_board.js";
import { titleOf } from "./play_invited.js";

/**
 * @param {HTMLElement} box emptied first
 * @param {Function} t
 * @param {object} game with its join_code
 * @param {Function} join the host plays, too
 * @returns {Function} tidies up
 */
export function showHost(box, t, game, join) {
  const board = watch(t, () => standingsOf(game.join_code));
  const alone = ["localhost", "127.0.0.1", "[::1]"].includes(location.hostname);
  const address = `${location.origin}${location.pathname}`;
  box.replaceChildren(
    titleOf(t, game),
    make(
      "div", { class: "card host" },
      t.put(make("p"), "host_how"),
      make("p", { class: "code big" }, `${address}#join=${game.join_code}`),
      t.put(make("p"), "host_code"),
      make("p", { class: "code huge" }, game.join_code.toUpperCase()),
      alone && t.put(make("p", { class: "note loud" }), "host_alone"),
      make("div", { class: "tools" }, t.put(make("button", { type: "button", class: "primary", on: { click: join } }), "host_join")),
    ),
    make("section", {}, t.put(make("h2"), "leaderboard"), board.element),
  );
  return board.close;
}
