// A game somebody is invited to in; the screens before its photos out: the join code, the consent, what comes next.
import { lineOf } from "./api.js";
import { make } from "./make.js";
import { isExperiment } from "./play_api.js";

/** Asks for a join code. */
export function showCode(box, t, invite) {
  box.replaceChildren(t.put(make("h1"), "heading"), t.put(make("p", { class: "lead" }), "lead_code"), joinForm(t, invite));
}

/** A field for a join code. */
export function joinForm(t, invite) {
  const field = make("input", { name: "code", required: true, autocomplete: "off", autocapitalize: "off", spellcheck: "false", maxlength: 40, class: "code" });
  const trouble = make("p", { class: "trouble", role: "alert", hidden: true });
  const submit = async (event) => {
    event.preventDefault();
    trouble.hidden = go.disabled = true;
    try {
      await invite(field.value);
    } catch (error) {
      complain(trouble, t, error);
    }
    go.disabled = false;
  };
  const label = make("label", { class: "row" }, t.put(make("span"), "join_code"), field);
  const go = t.put(make("button", { type: "submit" }), "join");
  return make("form", { class: "joining", on: { submit } }, label, go, trouble);
}

/**
 * What the game is, what is to be agreed to, and who comes.
 * @param {{enter: Function, other: Function|null}} then enter({name, code, consent}); other: choose another game
 */
export function showInvitation(box, t, game, { enter, other }) {
  const sober = isExperiment(game);
  const trouble = make("p", { class: "trouble", role: "alert", hidden: true });
  const name = make("input", { name: "name", maxlength: 40, autocomplete: "nickname" });
  const code = make("input", { name: "code", maxlength: 60, autocomplete: "off", autocapitalize: "off", spellcheck: "false", class: "code", required: game.needs_code });
  const agree = make("input", { type: "checkbox", name: "consent", required: Boolean(game.consent) });
  const go = t.put(make("button", { type: "submit", class: "primary big" }), sober ? "begin" : "start");
  const away = other && t.put(make("button", { type: "button", class: "quiet", on: { click: other } }), "other_game");
  const back = make("details", {}, t.put(make("summary"), "have_code"), row(t, "own_code", code));

  async function submit(event) {
    event.preventDefault();
    const ways = [go, away].filter(Boolean);
    trouble.hidden = true;
    for (const button of ways) button.disabled = true;
    try {
      await enter({ name: name.value, code: code.value, consent: agree.checked });
    } catch (error) {
      complain(trouble, t, error);
      for (const button of ways) button.disabled = false;
    }
  }

  const parts = [
    ...game.warnings.map((warning) => cautionOf(t, warning)),
    game.consent && make("div", { class: "consent" }, ...game.consent.split(/\n\s*\n/).map((text) => make("p", {}, text))),
    game.consent && make("label", { class: "agree" }, agree, t.put(make("span"), "agree")),
    game.needs_code ? row(t, "own_code", code) : null,
    game.leaderboard && row(t, "name", name),
    trouble,
    make("div", { class: "tools" }, go, away),
    (sober || game.leaderboard) && !game.needs_code ? back : null,
  ];
  const cities = game.cities.map((city) => city.name).join(", ");
  box.replaceChildren(
    titleOf(t, game),
    t.put(make("p", { class: "lead" }), sober ? "about_experiment" : "about_game", { n: game.test_rounds + game.training_rounds, cities }),
    make("form", { class: "card chooser", on: { submit } }, ...parts),
  );
}

/** Somebody came with a code that was used before: who that is, and how far along. */
export function showReturn(box, t, { seat, round }, { yes, no }) {
  const go = t.put(make("button", { type: "button", class: "primary big", on: { click: yes } }), "return_yes");
  const back = t.put(make("button", { type: "button", class: "quiet", on: { click: no } }), "return_no");
  const key = round ? "return_how" : "return_done";
  const line = t.put(make("p", { class: "lead" }), key, { who: [seat.name, seat.code].filter(Boolean).join(", "), n: round?.position });
  box.replaceChildren(t.put(make("h1"), "return_title"), make("div", { class: "card" }, line, make("div", { class: "tools" }, go, back)));
}

/** Before a phase of an experiment: what is to come. */
export function showBetween(box, t, { seat, round, before }, go) {
  const training = round.phase === "training";
  const lines = [t.put(make("p", { class: "lead" }), training ? "between_training" : before ? "between_test" : "between_only_test", { n: round.of })];
  if (round.position > 1) lines.push(t.put(make("p"), "between_resumed", { n: round.position }));
  lines.push(t.put(make("p"), "between_how"));
  if (!before) lines.push(t.put(make("p"), "between_code"), make("p", { class: "code big" }, seat.code));
  const button = t.put(make("button", { type: "button", class: "primary big", on: { click: go } }), "begin");
  const title = t.put(make("h1"), training ? "training" : "test");
  box.replaceChildren(title, make("div", { class: "card" }, ...lines, button));
}

/** What flatters the model or people; in the server's own words where a game was made before there were others. */
function cautionOf(t, { code, message, values }) {
  const line = make("p", { class: "note loud" }, message);
  return t.has(`warning_${code}`) && Object.keys(values).length ? t.put(line, `warning_${code}`, values) : line;
}

/** The name somebody gave the game; only that of its photos is none. */
export const titleOf = (t, { title, dataset }) => (title === dataset ? t.put(make("h1"), "heading") : make("h1", {}, title));

const row = (t, key, field) => make("label", { class: "row" }, t.put(make("span"), key), field);

function complain(line, t, error) {
  line.textContent = t.has(`error_${error.code}`) ? t(`error_${error.code}`) : lineOf(error, t);
  line.hidden = false;
}
