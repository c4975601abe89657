// An answer, or none yet, in; the photo page's words, bars and facts out.
import { drawBars } from "./bars.js";
import { claim, complaint, meaning, orElse, verdict } from "./words.js";

const BARS = 5;
const $ = (id) => document.getElementById(id);

/** While nothing is known. */
export function tellWaiting(t) {
  const turning = document.createElement("span");
  turning.className = "spinner";
  empty();
  $("verdict").replaceChildren(turning, ` ${t("looking")}`);
}

/** One answer; trust: how often the model was right, a sentence or nothing. */
export function tellAnswer(t, answer, trust) {
  const { ranking, abstained, views } = answer;
  empty();
  $("verdict").textContent = verdict(t, answer);
  $("meaning").textContent = `${views > 1 ? t("fused", { n: views }) : ""} ${meaning(t, answer)}`.trim();
  $("other").textContent = orElse(t, answer);
  drawBars($("bars"), ranking, { t, top: BARS, unsure: abstained });
  if (ranking.length > BARS) $("bars").append(rest(t, ranking.slice(BARS)));
  $("scope").textContent = t("scope", { n: ranking.length });
  $("trust").textContent = trust;
  $("gps").lastElementChild.textContent = claim(t, answer);
  $("gps").hidden = !answer.gps_in_file;
}

/** A photo that cannot be used. */
export function tellFailure(t, answer, names) {
  empty();
  $("verdict").textContent = t("unreadable");
  $("meaning").textContent = complaint(t, answer, names);
}

function empty() {
  for (const id of ["verdict", "meaning", "other", "scope", "trust"]) $(id).textContent = "";
  $("bars").replaceChildren();
  $("gps").hidden = true;
}

function rest(t, others) {
  const line = document.createElement("li");
  line.className = "rest";
  line.textContent = t("rest", { n: others.length, share: t.percent(others.reduce((sum, { probability }) => sum + probability, 0)) });
  return line;
}
