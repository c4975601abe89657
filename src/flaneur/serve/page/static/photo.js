// Photos in; which city, in words, bars and on a map, out.
import { lineOf, models as askModels, predict } from "./api.js";
import { drawBars } from "./bars.js";
import { showCompare } from "./compare.js";
import { mayBePhoto, pictureOf, release, takeFiles } from "./files.js";
import { drawMap } from "./map.js";
import { showSave } from "./save.js";
import { drawStrip } from "./strip.js";
import { onLanguage, texts } from "./texts.js";
import { showWhy } from "./why.js";
import { claim, complaint, meaning, orElse, verdict } from "./words.js";

const MOST_PHOTOS = 24;
const BARS = 5;
const NAMED_FROM = 0.02; // on the map

const $ = (id) => document.getElementById(id);
const t = await texts("photo");
const map = await drawMap($("map"));
const state = { files: [], answers: [], shown: 0, models: [], model: null, asking: null, parts: [] };

const chosenModel = () => state.models.find(({ name }) => name === $("model").querySelector("select").value) ?? state.models[0];
const areViews = () => state.files.length > 1 && document.querySelector('[name="kind"]:checked').value === "views";
const filesOfAnswer = (answer) => answer.index.map((index) => state.files[index]);

/** Takes photos, shows them at once and asks what city they show. */
function begin(files) {
  const photos = files.filter(mayBePhoto);
  complain(photos.length ? "" : t("no_photo"));
  if (!photos.length) return;
  state.files = photos.slice(0, MOST_PHOTOS);
  state.shown = 0;
  if (photos.length > MOST_PHOTOS) complain(t("too_many", { n: MOST_PHOTOS }));
  $("start").hidden = true;
  $("heading").classList.add("unseen"); // the answer is what is large now
  $("result").hidden = false;
  $("kind").hidden = state.files.length < 2;
  scrollTo(0, 0);
  $("verdict").focus({ preventScroll: true });
  ask();
}

async function ask() {
  state.asking?.abort();
  const mine = (state.asking = new AbortController());
  state.answers = [];
  close();
  waiting();
  try {
    const said = await predict(state.files, { model: chosenModel()?.name, views: areViews() || undefined, signal: mine.signal });
    state.model = state.models.find(({ name }) => name === said.model?.name) ?? said.model ?? chosenModel();
    state.answers = said.answers;
    state.shown = Math.max(0, state.answers.findIndex(({ error }) => !error));
    show();
  } catch (error) {
    if (mine.signal.aborted) return;
    $("verdict").replaceChildren();
    complain(lineOf(error, t));
  }
}

function waiting() {
  const turning = document.createElement("span");
  turning.className = "spinner";
  $("verdict").replaceChildren(turning, ` ${t("looking")}`);
  for (const id of ["meaning", "other", "scope", "trust"]) $(id).textContent = "";
  $("bars").replaceChildren();
  $("gps").hidden = $("strip").hidden = true;
  picture(state.files[0]);
}

function picture(file) {
  release($("why"));
  const shown = pictureOf(file, file.name);
  shown.className = "shown";
  shown.addEventListener("error", () => shown.replaceWith(t.put(document.createElement("p"), "no_preview")));
  $("why").replaceChildren(shown);
}

/** Shows the answer that was chosen, and all that belongs to it. */
function show() {
  strip();
  const answer = state.answers[state.shown];
  close();
  if (!answer || answer.error) fail(answer);
  else {
    tell(answer);
    place(answer);
    parts(answer);
  }
}

function fail(answer) {
  t.put($("verdict"), "unreadable");
  const names = answer ? filesOfAnswer(answer).map(({ name }) => name).join(", ") : "";
  $("meaning").textContent = answer ? complaint(t, answer, names) : "";
  for (const id of ["other", "scope"]) $(id).textContent = "";
  $("bars").replaceChildren();
  $("gps").hidden = true;
  $("why").replaceChildren();
  known();
}

function tell(answer) {
  delete $("verdict").dataset.text;
  $("verdict").textContent = verdict(t, answer);
  $("meaning").textContent = [answer.views > 1 ? t("fused", { n: answer.views }) : "", meaning(t, answer)].join(" ").trim();
  $("other").textContent = orElse(t, answer);
  drawBars($("bars"), answer.ranking, { t, top: BARS, unsure: answer.abstained });
  const rest = answer.ranking.slice(BARS);
  if (rest.length) {
    const line = document.createElement("li");
    line.className = "rest";
    line.textContent = t("rest", { n: rest.length, share: t.percent(rest.reduce((sum, { probability }) => sum + probability, 0)) });
    $("bars").append(line);
  }
  $("scope").textContent = t("scope", { n: answer.ranking.length });
  $("gps").lastElementChild.textContent = claim(t, answer);
  $("gps").hidden = !answer.gps_in_file;
}

function place(answer) {
  t.put($("where_title"), "where");
  const points = answer.ranking.filter(({ lat }) => typeof lat === "number").map((city, index) => ({
    lat: city.lat,
    lon: city.lon,
    share: city.probability,
    title: `${city.name} ${t.percent(city.probability)}`,
    label: city.probability >= NAMED_FROM ? `${city.name} ${t.percent(city.probability)}` : "",
    kind: answer.abstained ? "faint" : index === 0 && city === answer.ranking[0] ? "chosen" : "",
  }));
  const gps = answer.gps_in_file;
  if (gps) points.push({ ...gps, kind: "gps", label: t("gps_mark") });
  map.update({ points });
  $("trust").textContent = trust();
  $("beside_map").textContent = unplaced();
}

/** Before there is an answer: the cities the model knows. */
function known() {
  const cities = chosenModel()?.cities ?? [];
  t.put($("where_title"), "knows", { n: cities.length });
  const points = cities.filter(({ lat }) => typeof lat === "number").map(({ lat, lon, name }) => ({ lat, lon, label: name }));
  map.update({ points });
  $("trust").textContent = "";
  $("beside_map").textContent = `${unplaced()} ${trust()}`.trim();
}

/** How often the model was right where that was measured: a sentence, or nothing. */
function trust() {
  const one = chosenModel()?.metrics?.validation?.accuracy;
  if (!one) return "";
  const { n, places } = one;
  return t("trust", { n, places, share: t.percent(one.value), low: t.percent(one.low), high: t.percent(one.high) });
}

/** Which cities the map lacks: a sentence, or nothing. */
function unplaced() {
  const away = (chosenModel()?.cities ?? []).filter(({ lat }) => typeof lat !== "number").map(({ name }) => name);
  return away.length ? t("unplaced", { cities: away.join(", ") }) : "";
}

function strip() {
  $("strip").hidden = state.files.length < 2;
  if (!$("strip").hidden) drawStrip($("strip"), { ...state, t, onChoose: choose });
}

function choose(index) {
  if (state.shown === index) return;
  state.shown = index;
  const answer = state.answers[index];
  if (!answer.error) picture(filesOfAnswer(answer)[0]);
  show();
}

/** Why, what other models say, and what can be kept: modules of their own. */
async function parts(answer) {
  const about = { files: filesOfAnswer(answer), answer, model: state.model, models: state.models };
  const mine = (state.parts = []);
  const why = await showWhy($("why"), about);
  mine.push(why);
  const others = await showCompare($("compare"), about);
  mine.push(others);
  if (mine === state.parts) await showSave($("save"), { ...about, why: why.found, others: others.found });
  else mine.forEach((part) => part.close());
}

function close() {
  state.parts.forEach((part) => part.close());
  state.parts = [];
  $("compare").replaceChildren();
  $("save").replaceChildren();
}

function complain(line) {
  $("trouble").textContent = line;
  $("trouble").hidden = !line;
}

function offerModels() {
  const select = $("model").querySelector("select");
  select.replaceChildren(...state.models.map(({ name }) => new Option(name, name)));
  $("model").hidden = state.models.length < 2;
}

takeFiles({
  inputs: [[$("choose"), begin], [$("camera"), begin], [$("again"), begin], [$("add"), (more) => begin([...state.files, ...more])]],
  onFiles: begin,
});
for (const radio of document.querySelectorAll('[name="kind"]')) radio.addEventListener("change", ask);
$("model").addEventListener("change", () => (state.files.length ? ask() : known()));
onLanguage(() => {
  if (state.answers.length) {
    const answer = state.answers[state.shown];
    strip();
    if (answer.error) fail(answer);
    else [tell, place].forEach((act) => act(answer));
  } else known();
});
try {
  state.models = await askModels();
  offerModels();
  if (!state.files.length) known();
} catch (error) {
  complain(lineOf(error, t));
}
