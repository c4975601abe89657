// Photos in; which city, in words, bars and on a map, out.
import { lineOf, models as askModels, predict } from "./api.js";
import { showCompare } from "./compare.js";
import { mayBePhoto, pictureOf, release, takeFiles } from "./files.js";
import { drawMap } from "./map.js";
import { tellAnswer, tellFailure, tellWaiting } from "./photo_answer.js";
import { answerPoints, knownPoints, trust, unplaced } from "./photo_map.js";
import { showSave } from "./save.js";
import { drawStrip } from "./strip.js";
import { onLanguage, texts } from "./texts.js";
import { showWhy } from "./why.js";
import { fit } from "./why_picture.js";

const MOST_PHOTOS = 24;
const $ = (id) => document.getElementById(id);
const select = $("model").querySelector("select");
const state = { files: [], answers: [], shown: 0, models: [], asking: null, parts: [] };
const t = await texts("photo");
const map = await drawMap($("map"));

const model = () => state.models.find(({ name }) => name === select.value) ?? state.models[0];
const areViews = () => state.files.length > 1 && document.querySelector('[name="kind"]:checked').value === "views";
const filesOf = (answer) => answer.index.map((index) => state.files[index]);

let learning = learnModels();

async function learnModels() {
  try {
    state.models = await askModels();
  } catch (error) {
    return complain(lineOf(error, t));
  }
  select.replaceChildren(...state.models.map(({ name }) => new Option(name, name)));
  const wish = new URLSearchParams(location.search).get("model"); // as the page Teach a city links to it
  if (state.models.some(({ name }) => name === wish)) select.value = wish;
  $("model").hidden = state.models.length < 2;
  if (!state.files.length) tell();
}

/** Takes photos, shows them at once and asks what city they show. */
function begin(files) {
  const photos = files.filter(mayBePhoto);
  if (!photos.length) return refuse(files);
  complain(photos.length > MOST_PHOTOS ? t("too_many", { n: MOST_PHOTOS }) : "");
  state.files = photos.slice(0, MOST_PHOTOS);
  $("start").hidden = true;
  $("heading").classList.add("unseen"); // the answer is what is large now
  $("result").hidden = false;
  $("kind").hidden = state.files.length < 2;
  scrollTo(0, 0);
  $("verdict").focus({ preventScroll: true });
  return ask();
}

/** Nothing of it is a photo: an answer to an earlier one must not stand below that line. */
function refuse(files) {
  state.asking?.abort();
  closeParts();
  Object.assign(state, { files: [], answers: [], shown: 0 });
  $("start").hidden = false;
  $("heading").classList.remove("unseen");
  $("result").hidden = true;
  tell();
  complain(t(files.some(({ name }) => name.toLowerCase().endsWith(".zip")) ? "no_photo_zip" : "no_photo"));
}

async function ask() {
  state.asking?.abort();
  const mine = (state.asking = new AbortController());
  Object.assign(state, { answers: [], shown: 0 });
  closeParts();
  tellWaiting(t);
  $("strip").hidden = true;
  picture(state.files[0]);
  try {
    await learning;
    if (!state.models.length) await (learning = learnModels());
    if (mine.signal.aborted) return;
    const said = await predict(state.files, { model: model()?.name, views: areViews() || null, signal: mine.signal });
    if (mine.signal.aborted) return;
    state.answers = said.answers;
    state.shown = Math.max(0, said.answers.findIndex(({ error }) => !error));
    show();
  } catch (error) {
    if (mine.signal.aborted) return;
    tell(); // the map must not go on showing an earlier answer
    $("verdict").textContent = "";
    complain(lineOf(error, t));
  }
}

/** Shows the answer that was chosen, and all that belongs to it. */
function show() {
  closeParts();
  tell();
  const answer = state.answers[state.shown];
  picture(filesOf(answer)[0]);
  if (!answer.error && model()) showParts(answer);
}

/** All that is said in words, on the map and below the small pictures. */
function tell() {
  const answer = state.answers[state.shown];
  $("strip").hidden = state.files.length < 2;
  if (state.files.length > 1) drawStrip($("strip"), { ...state, t, onChoose: choose });
  if (!answer || answer.error) {
    if (answer) tellFailure(t, answer, filesOf(answer).map(({ name }) => name).join(", "));
    t.put($("where_title"), "knows", { n: model()?.cities.length ?? 0 });
    map.update({ points: knownPoints(model()) });
    $("beside_map").textContent = `${unplaced(t, model())} ${trust(t, model())}`.trim();
    return;
  }
  tellAnswer(t, answer, trust(t, model()));
  t.put($("where_title"), answer.abstained ? "where_if_any" : "where");
  map.update({ points: answerPoints(t, answer) });
  $("beside_map").textContent = unplaced(t, model());
}

function choose(index) {
  state.shown = index;
  show();
}

function picture(file) {
  const shown = pictureOf(file, file.name);
  shown.className = "shown";
  shown.addEventListener("load", () => fit(shown, shown));
  shown.addEventListener("error", () => shown.replaceWith(t.put(document.createElement("p"), "no_preview")));
  $("why").replaceChildren(shown);
}

/**
 * Why, what other models say, and what can be kept: modules of their own. Each draws out of sight and is put in place
 * only if its answer is still the one that is shown: words may come late, after a newer photo or a refusal.
 */
async function showParts(answer) {
  const mine = (state.parts = []);
  const about = { files: filesOf(answer), answer, model: model(), models: state.models };
  const steps = [
    [$("why"), (draft) => showWhy(draft, about)],
    [$("compare"), (draft) => showCompare(draft, about)],
    [$("save"), (draft) => showSave(draft, { ...about, why: mine[0].found, others: mine[1].found })],
  ];
  try {
    for (const [place, step] of steps) {
      const draft = document.createElement("div");
      const part = await step(draft);
      if (mine !== state.parts) return part?.close?.();
      release(place);
      place.replaceChildren(...draft.childNodes);
      mine.push(part);
    }
  } catch (error) {
    if (mine === state.parts) complain(lineOf(error, t)); // its words did not come
  }
}

function closeParts() {
  for (const part of state.parts) part?.close?.();
  state.parts = [];
  for (const place of ["why", "compare", "save"].map($)) {
    release(place);
    place.replaceChildren();
  }
}

function complain(line) {
  $("trouble").textContent = line;
  $("trouble").hidden = !line;
}

takeFiles({
  inputs: [[$("choose"), begin], [$("camera"), begin], [$("again"), begin], [$("add"), (more) => begin([...state.files, ...more])]],
  onFiles: begin,
});
for (const radio of document.querySelectorAll('[name="kind"]')) radio.addEventListener("change", ask);
select.addEventListener("change", () => (state.files.length ? ask() : tell()));
onLanguage(tell);
