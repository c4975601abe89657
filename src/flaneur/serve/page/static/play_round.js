// A round in; the photo, the ways to answer, and how long the answer took, out. Nothing here tells what is right.
import { lineOf } from "./api.js";
import { make } from "./make.js";
import { answersOf } from "./play_answers.js";
import { isForGame } from "./play_keys.js";
import { photoOf } from "./play_photo.js";

const said = document.getElementById("said");

/**
 * @param {HTMLElement} box emptied first
 * @param {Function} t
 * @param {{seat: object, round: object}} about
 * @param {{answered: Function, told: Function}} then answered(guess): sends it; told(feedback, view): goes on
 * @returns {Function} tidies up
 */
export function playRound(box, t, { seat, round }, { answered, told }) {
  const clock = stopwatch();
  const shown = photoOf(round.pictures, t);
  const choose = answersOf(round, t, give);
  const trouble = make("p", { class: "trouble", role: "alert", hidden: true });
  const again = t.put(make("button", { type: "button", hidden: true }), "again");
  const side = make("div", { class: "side" }, choose.element, trouble, again);
  box.replaceChildren(headOf(t, seat, round), make("div", { class: "table" }, shown.element, side));
  document.documentElement.dataset.screen = "round";
  let given = false;

  shown.ready().then(begin, () => {
    trouble.textContent = t("no_picture");
    trouble.hidden = false;
    begin();
  });

  function begin() {
    requestAnimationFrame(() => {
      clock.start();
      choose.enable(true);
      said.textContent = t("said_round", { n: round.position, of: round.of });
    });
  }

  async function give(guess) {
    if (given) return;
    given = true;
    const whole = { number: round.number, ...guess, seconds: Number(clock.seconds().toFixed(3)) };
    choose.enable(false);
    const send = async () => {
      again.hidden = trouble.hidden = true;
      try {
        const feedback = await answered(whole);
        told(feedback && { ...feedback, guess }, shown.view());
      } catch (error) {
        const gone = error.code === "no_seat"; // for good: this window's own code opens nothing any more
        trouble.textContent = gone ? t("error_no_seat") : lineOf(error, t);
        trouble.hidden = again.hidden = false;
        t.put(again, gone ? "come_in" : "again");
        again.onclick = gone ? () => location.reload() : send;
      }
    };
    await send();
  }

  function key(event) {
    if (!isForGame(event)) return;
    if (event.key === "ArrowRight" || event.key === "ArrowLeft") return shown.step(event.key === "ArrowRight" ? 1 : -1);
    choose.key(event.key);
  }

  document.addEventListener("keydown", key);
  return () => {
    document.removeEventListener("keydown", key);
    choose.close();
    clock.close();
  };
}

/** Where in the game this round is. */
export function headOf(t, seat, round) {
  const phase = round.phase === "training" ? "round_training" : seat.game.tells ? "round_game" : "round_test";
  const title = t.put(make("h1"), phase, { n: round.position, of: round.of });
  const bar = make("progress", { max: round.of, value: round.position - 1, "aria-hidden": "true" });
  const code = seat.game.leaderboard && make("small", { class: "own" }, t.put(make("span"), "your_code"), " ", make("b", { class: "code" }, seat.code));
  return make("div", { class: "head" }, title, bar, code);
}

/** Seconds that the page was to be seen. */
function stopwatch() {
  let [since, sum] = [null, 0];
  const turn = () => {
    if (document.hidden && since !== null) [since, sum] = [null, sum + performance.now() - since];
    else if (!document.hidden && since === null && started) since = performance.now();
  };
  let started = false;
  document.addEventListener("visibilitychange", turn);
  return {
    start: () => {
      started = true;
      if (!document.hidden) since = performance.now();
    },
    seconds: () => (sum + (since === null ? 0 : performance.now() - since)) / 1000,
    close: () => document.removeEventListener("visibilitychange", turn),
  };
}
