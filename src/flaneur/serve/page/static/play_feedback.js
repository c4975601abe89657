// What is told after an answer in; right or wrong, what the model said and looked at, and where it was, out.
import { lineOf } from "./api.js";
import { drawBars } from "./bars.js";
import { make } from "./make.js";
import { drawMap } from "./map.js";
import { heatmap } from "./play_api.js";
import { isForGame } from "./play_keys.js";
import { photoOf } from "./play_photo.js";
import { headOf } from "./play_round.js";

const BARS = 3;
const FADED_IN = 70;
const said = document.getElementById("said");

/**
 * @param {HTMLElement} box emptied first
 * @param {Function} t
 * @param {{seat: object, round: object, feedback: object, view: number}} about
 * @param {Function} next goes on
 * @returns {Function} tidies up
 */
export function showFeedback(box, t, { seat, round, feedback, view }, next) {
  const shown = photoOf(round.pictures, t, view);
  const nameOf = (slug) => round.choices.find(({ city }) => city === slug)?.name ?? slug;
  const last = round.position === round.of;
  const words = t.put(make("span"), last ? "on" : "next");
  const go = make("button", { type: "button", class: "primary big", "aria-keyshortcuts": "Enter", on: { click: next } }, words, make("kbd", { "aria-hidden": "true" }, "↵"));
  const map = placeOf(t, round, feedback, nameOf);
  const why = feedback.model ? whyOf(t, { seat, round, shown, name: nameOf(feedback.model.city) }) : null;
  const side = make(
    "div", { class: "side told" },
    verdictOf(t, feedback, nameOf, seat.game.most_points),
    make("div", { class: "tools go" }, go),
    feedback.model && modelOf(t, feedback, nameOf),
    map?.element,
    feedback.credits.length > 0 && make("p", { class: "note" }, t.put(make("span"), "photo_by"), ` ${feedback.credits.join("; ")}`),
  );
  box.replaceChildren(headOf(t, seat, round), make("div", { class: "table" }, shown.element, side, why?.element));
  document.documentElement.dataset.screen = "round";
  box.querySelector("progress").value = round.position;
  said.textContent = side.querySelector(".verdict").innerText;

  function key(event) {
    if (!isForGame(event)) return;
    if (event.key === "ArrowRight" || event.key === "ArrowLeft") return shown.step(event.key === "ArrowRight" ? 1 : -1);
    if (event.key === "Enter" && !event.target.closest?.("button, a, summary")) next();
  }

  document.addEventListener("keydown", key);
  go.focus({ preventScroll: true });
  return () => {
    document.removeEventListener("keydown", key);
    map?.close();
    why?.close();
  };
}

function verdictOf(t, { correct, truth, city, points, distance_km }, nameOf, most) {
  const title = t.put(make("h2"), correct ? "right" : "wrong", { city: truth.name });
  const lines = [];
  if (!correct && city) lines.push(t.put(make("p"), "you_said", { city: nameOf(city) }));
  if (!correct && !city) lines.push(t.put(make("p"), "you_said_nowhere"));
  const far = distance_km !== null && distance_km >= 1 && (!correct || points < most);
  const sum = t.put(make("p", { class: "points" }), far ? "points_far" : "points", { n: points, km: Math.round(distance_km ?? 0) });
  return make("div", { class: correct ? "verdict good" : "verdict bad" }, title, ...lines, sum);
}

function modelOf(t, { model, truth }, nameOf) {
  const right = model.city === truth.city;
  const key = model.abstained ? "model_unsure" : right ? "model_right" : "model_wrong";
  const title = t.put(make("h3"), key, { city: nameOf(model.city) });
  const bars = make("ol");
  drawBars(bars, model.ranking, { t, top: BARS, unsure: model.abstained });
  return make("div", { class: "model" }, title, bars);
}

/** A map of the right place, what was answered, and what the model said. */
function placeOf(t, round, { truth, at, city, correct, guess }, nameOf) {
  if (!at) return null;
  const pointed = typeof guess?.lat === "number";
  const guessed = pointed ? guess : round.choices.find((choice) => choice.city === city);
  const points = [{ ...at, label: truth.name, chosen: true }];
  const lines = [];
  if (!correct && guessed && guessed.lat !== null) {
    points.push({ lat: guessed.lat, lon: guessed.lon, label: pointed ? t("your_point") : nameOf(city), kind: "picked" });
    lines.push({ from: guessed, to: at });
  }
  const element = make("div");
  const map = drawMap(element, { points, lines });
  return { element, close: async () => (await map).close() };
}

/** What the model looked at, once somebody asks: its map over the photo. */
function whyOf(t, { seat, round, shown, name }) {
  const overlay = make("img", { class: "overlay", alt: "", hidden: true });
  const fader = make("input", { type: "range", min: 0, max: 100, value: FADED_IN, "data-label": "play.fade", "aria-label": t("fade") });
  const faded = make("div", { class: "fader", hidden: true }, t.put(make("span"), "fade_photo"), fader, t.put(make("span"), "fade_map"));
  const note = t.put(make("p", { class: "note", hidden: true }), "why_note", { city: name });
  const trouble = make("p", { class: "trouble", role: "alert", hidden: true });
  const ask = t.put(make("button", { type: "button", class: "quiet", on: { click: () => look() } }), "why");
  let turn = 0; // of asking: an answer to an earlier one is not laid over what is looked at now
  shown.frame.append(overlay);

  async function look() {
    const mine = (turn += 1);
    ask.disabled = true;
    trouble.hidden = true;
    t.put(ask, "why_asking");
    try {
      const found = await heatmap(seat, round.number, shown.view());
      if (mine !== turn) return;
      overlay.src = found.overlay;
      lay(true);
    } catch (error) {
      if (mine !== turn) return;
      trouble.textContent = lineOf(error, t);
      trouble.hidden = false;
      reset();
    }
  }

  function lay(on) {
    overlay.hidden = faded.hidden = note.hidden = !on;
    ask.hidden = on;
    fade();
  }

  function reset() {
    turn += 1;
    lay(false);
    ask.disabled = false;
    t.put(ask, "why");
  }

  function fade() {
    const share = overlay.hidden ? 0 : Number(fader.value) / 100;
    overlay.style.opacity = String(share);
    shown.photo.style.filter = share ? `grayscale(${0.75 * share})` : "";
  }

  fader.addEventListener("input", fade);
  shown.onView(reset);
  return { element: make("div", { class: "why" }, ask, faded, note, trouble), close: reset };
}
