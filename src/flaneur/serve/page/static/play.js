// A visitor in; a game or an experiment from the first choice to the last number out. Which screen comes when.
import { lineOf } from "./api.js";
import { make } from "./make.js";
import * as api from "./play_api.js";
import { showEnd, showThanks } from "./play_end.js";
import { showFeedback } from "./play_feedback.js";
import { showHost } from "./play_host.js";
import { showBetween, showCode, showInvitation, showReturn } from "./play_invited.js";
import { playRound } from "./play_round.js";
import { showStart } from "./play_start.js";
import { onLanguage, texts } from "./texts.js";

const screen = document.getElementById("screen");
const t = await texts("play");
let redraw = () => {};
let leave = () => {};
onLanguage(() => redraw());

/** Shows a screen: a function that fills an element and may return how to tidy up after it. */
function show(draw, { again = true } = {}) {
  redraw = () => {
    leave();
    document.documentElement.dataset.screen = "";
    leave = draw(screen, t) ?? (() => {});
  };
  redraw();
  if (!again) redraw = () => {};
  scrollTo(0, 0);
  const heading = screen.querySelector("h1");
  if (heading) Object.assign(heading, { tabIndex: -1 }).focus({ preventScroll: true });
}

/** What a button of one screen does: once, however often it is pressed. */
function once(act) {
  let done = false;
  return (...given) => {
    if (done) return undefined;
    done = true;
    return act(...given);
  };
}

/** Does something that may fail; a failure is told, with a button to try once more. */
async function attempt(work) {
  try {
    return await work();
  } catch (error) {
    const gone = error.code === "no_seat";
    const more = once(() => (gone ? location.reload() : attempt(work)));
    show((box) => {
      const again = t.put(make("button", { type: "button", class: "primary", on: { click: more } }), gone ? "come_in" : "again");
      const line = t.has(`error_${error.code}`) ? t(`error_${error.code}`) : lineOf(error, t);
      box.replaceChildren(t.put(make("h1"), "heading"), make("p", { class: "trouble", role: "alert" }, line), again);
    });
    return undefined;
  }
}

async function begin() {
  const code = new URLSearchParams(location.hash.slice(1)).get("join");
  const seat = await api.kept();
  if (seat && (!code || code.toLowerCase() === seat.join_code)) return seat.finished ? end(seat) : introduce(seat);
  if (code) return invite(code);
  return choose();
}

async function choose() {
  let found;
  try {
    found = await api.offers();
  } catch (error) {
    if (error.status !== 401) throw error;
    return show((box) => showCode(box, t, invite));
  }
  if (found.games.length === 1) return invited(found.games[0].join_code, found.games[0], found.may_make && found);
  return offer(found);
}

/** What can be played here, to choose from. */
function offer(found) {
  const enter = once((code) => attempt(() => invite(code)));
  return show((box) => showStart(box, t, found, { start, invite, enter }));
}

/** Makes a game; alone one begins at once, unless there is a warning, and a class waits for its players. */
async function start(wanted, { warned = false } = {}) {
  const game = await api.makeGame(wanted);
  const join_code = game.join_code;
  if (wanted.for_class) return show((box) => showHost(box, t, game, () => invited(join_code, game)));
  if (game.warnings.length && !warned) return invited(join_code, game);
  return introduce(await api.sit({ join_code }));
}

async function invite(join_code) {
  return invited(join_code, await api.invitation(join_code));
}

function invited(join_code, game, others) {
  const enter = async (who) => {
    const seat = await api.sit({ join_code, ...who });
    if (!who.code || !seat.answered) return introduce(seat);
    const no = () => {
      api.forget();
      return invited(join_code, game, others);
    };
    const yes = once(() => introduce(seat));
    return show((box) => showReturn(box, t, { seat, round: ahead(seat) }, { yes, no }));
  };
  const other = others && !api.isExperiment(game) ? () => offer(others) : null;
  document.documentElement.toggleAttribute("data-sober", api.isExperiment(game));
  show((box) => showInvitation(box, t, game, { enter, other }));
}

/** An experiment says what is to come; a game begins. */
function introduce(seat) {
  history.replaceState(null, "", location.pathname);
  document.documentElement.toggleAttribute("data-sober", api.isExperiment(seat.game));
  if (seat.finished) return attempt(() => end(seat));
  return attempt(() => play(seat, null));
}

/** Round after round, until none is left. A round is asked for only when it is shown: its clock runs from then on. */
async function play(seat, before) {
  const round = ahead(seat);
  if (round && api.isExperiment(seat.game) && (!before || before.phase !== round.phase)) {
    const go = once(() => attempt(() => deal(seat)));
    return show((box) => showBetween(box, t, { seat, round, before }, go));
  }
  return deal(seat);
}

/** Where in the game the next round is, or null after the last. */
function ahead({ answered, game: { training_rounds: training, test_rounds: test } }) {
  if (answered < training) return { phase: "training", position: answered + 1, of: training };
  return answered < training + test ? { phase: "test", position: answered - training + 1, of: test } : null;
}

async function deal(seat) {
  const round = await api.nextRound(seat);
  return round ? look(seat, round) : end(seat);
}

function look(seat, round) {
  const answered = async (guess) => {
    const feedback = await api.answer(seat, guess);
    seat.answered = round.number;
    return feedback;
  };
  const next = once(() => attempt(() => play(seat, round)));
  const told = (feedback, view) => (feedback ? show((box) => showFeedback(box, t, { seat, round, feedback, view }, next), { again: false }) : next());
  show((box) => playRound(box, t, { seat, round }, { answered, told }), { again: false });
}

async function end(seat) {
  const result = await api.result(seat);
  const over = once(() => {
    api.forget();
    document.documentElement.removeAttribute("data-sober");
    return attempt(choose);
  });
  if (!result.score) return show((box) => showThanks(box, t, result, over));
  const again = once(() => {
    const { dataset, test_rounds, views, by_map } = seat.game;
    const model = seat.game.model ?? "";
    api.forget();
    return attempt(() => start({ dataset, model, rounds: test_rounds, views, by_map }, { warned: true }));
  });
  return show((box) => showEnd(box, t, { seat, result }, { again, over }));
}

await attempt(begin);
