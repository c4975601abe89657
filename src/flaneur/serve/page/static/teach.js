// A name and a handful of photos in; a model that knows one more city, and what that costs the others, out.
import { form, get, lineOf, post } from "./api.js";
import { mayBePhoto, pictureOf, release, takeFiles } from "./files.js";
import { make } from "./make.js";
import { drawMap } from "./map.js";
import { lighter } from "./lighter.js";
import { drawLesson } from "./teach_result.js";
import { onLanguage, texts } from "./texts.js";

const [LEAST, FEW] = [3, 10];

const $ = (id) => document.getElementById(id);
const t = await texts("teach");
const state = { files: [], failed: new Map(), models: [], limits: { request_photos: 32, request_bytes: 64e6 }, told: null, busy: false, map: null, picked: [], wishes: {} };

function take(files) {
  complain("");
  const photos = files.filter(mayBePhoto);
  if (!photos.length) return complain(t("no_photos"));
  const room = state.limits.request_photos - state.files.length;
  state.files.push(...photos.slice(0, room));
  if (photos.length > room) complain(t("too_many", { n: state.limits.request_photos }));
  draw();
}

function draw() {
  const list = $("photos");
  release(list);
  list.replaceChildren(...state.files.map(pupil));
  list.hidden = !state.files.length;
  const n = state.files.length;
  $("count").textContent = !n ? t("none_yet", { least: LEAST }) : [t("count", { n }), n < LEAST ? t("least", { n: LEAST }) : n < FEW ? t("few") : ""].join(" ").trim();
  $("go").disabled = state.busy;
}

function pupil(file, index) {
  const unread = state.failed.get(file);
  const picture = pictureOf(file, t("photo_of", { n: index + 1, name: file.name }));
  picture.addEventListener("error", () => picture.classList.add("broken"));
  const away = make("button", { type: "button", "aria-label": t("away", { n: index + 1 }), on: { click: () => drop(index) } }, "×");
  return make("li", { class: unread ? "failed" : null }, picture, away, unread && make("span", { title: unread }, t("unreadable")));
}

function drop(index) {
  state.files.splice(index, 1);
  draw();
  ($("photos").querySelectorAll("button")[Math.min(index, state.files.length - 1)] ?? $("choose")).focus();
}

async function teach(wishes = {}) {
  if (state.busy) return;
  complain("");
  $("replace").hidden = $("even_so").hidden = true;
  state.wishes = wishes;
  const city = $("city").value.trim();
  if (!city) return missing($("city"), "no_name");
  if (state.files.length < LEAST) return missing($("choose"), "too_few");
  state.told = null; // an earlier city's result, and its button to begin anew
  show();
  working(true);
  let model;
  try {
    if (!state.models.length) await learnModels(); // the page may be quicker than its first question
    model = $("model").value; // as all fields are now: the form can be used meanwhile
    const files = [...state.files];
    const fields = { city, name: $("name").value.trim(), centre: $("centre").value.trim(), ...wishes };
    const photos = await lighter(files, 0.9 * state.limits.request_bytes);
    const told = await post(`v1/models/${encodeURIComponent(model)}/cities`, form(photos, fields));
    state.told = { ...told, from: state.models.find(({ name }) => name === model) };
    marks(told.failed);
    show();
    await learnModels();
    $("learnt").focus();
  } catch (error) {
    complain(wrong(error, { city, model }));
    $("replace").hidden = error.code !== "there_already";
    $("even_so").hidden = error.code !== "same_city";
  } finally {
    working(false);
  }
}

/** What a refusal says, with the city that the model may know already. */
function wrong(error, asked) {
  const told = error.said?.error ?? {};
  const key = `error_${told.by_name ? "same_name" : error.code}`;
  return t.has(key) ? t(key, { ...told, ...asked }) : lineOf(error, t);
}

function marks(failed) {
  const left = [...failed];
  state.failed.clear();
  for (const file of state.files) {
    const which = left.findIndex(({ photo }) => photo === file.name);
    if (which >= 0) state.failed.set(file, left.splice(which, 1)[0].message);
  }
}

function working(on) {
  state.busy = on;
  $("state").replaceChildren(...(on ? [make("span", { class: "spinner", "aria-hidden": "true" }), ` ${t("working")}`] : []));
  draw();
}

function missing(element, key) {
  complain(t(key, { n: LEAST }));
  element.focus();
}

function complain(line) {
  $("trouble").textContent = line;
  $("trouble").hidden = !line;
}

function show() {
  $("result").hidden = !state.told;
  if (state.told) drawLesson(state.told, { $, t });
}

async function pick() {
  if (state.map) return;
  state.map = drawMap($("pick"), {
    points: known(),
    world: true,
    onPick: (lat, lon) => {
      $("centre").value = `${lat.toFixed(2)}, ${lon.toFixed(2)}`;
      mark({ lat, lon, kind: "picked" });
    },
  });
}

/** What the map shows: the cities that the model knows, and what was picked. */
async function mark(...picked) {
  state.picked = picked;
  const map = await state.map;
  map?.update({ points: [...known(), ...state.picked], fit: false });
}

const known = () => (state.models.find(({ name }) => name === $("model").value)?.cities ?? []).filter(({ lat }) => typeof lat === "number").map(({ lat, lon, name }) => ({ lat, lon, label: name, kind: "faint" }));

function begin() {
  state.files = [];
  state.failed.clear();
  if (state.told) $("model").value = state.told.model.name; // the next city is added to this one
  state.told = null;
  for (const id of ["city", "name", "centre"]) $(id).value = "";
  mark();
  show();
  draw();
  $("city").focus();
}

async function learnModels() {
  const { models, limits } = await get("v1/models");
  const chosen = $("model").value;
  Object.assign(state, { models, limits });
  $("model").replaceChildren(...models.map(({ name }) => new Option(name, name)));
  if (chosen) $("model").value = chosen;
  $("which").hidden = models.length < 2;
  mark(...state.picked);
}

takeFiles({ inputs: [[$("choose"), take], [$("camera"), take]], onFiles: take });
$("lesson").addEventListener("submit", (event) => {
  event.preventDefault();
  teach();
});
$("replace").addEventListener("click", () => teach({ ...state.wishes, replace: true }));
$("even_so").addEventListener("click", () => teach({ ...state.wishes, even_so: true }));
$("more").addEventListener("click", () => $("choose").focus());
$("again").addEventListener("click", begin);
$("model").addEventListener("change", () => mark(...state.picked));
document.querySelector("#lesson details").addEventListener("toggle", pick);
onLanguage(() => {
  draw();
  show();
});
draw();
try {
  await learnModels();
} catch (error) {
  complain(lineOf(error, t));
}
