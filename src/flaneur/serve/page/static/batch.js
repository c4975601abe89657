// A folder, a zip or many photos in; a table, a map and files with the city of each out.
import { lineOf, models as askModels } from "./api.js";
import { askAll } from "./batch_ask.js";
import { keyOf, table } from "./batch_rows.js";
import { csv, download, geojson } from "./batch_save.js";
import { drawBars } from "./bars.js";
import { mayBePhoto, takeFiles } from "./files.js";
import { drawMap } from "./map.js";
import { onLanguage, texts } from "./texts.js";
import { entriesOf, isZip } from "./zip.js";

const REDRAWN_MS = 400;

const $ = (id) => document.getElementById(id);
const [t, words] = [await texts("batch"), await texts("photo")];
const state = { jobs: [], models: [], stop: null, run: Promise.resolve(), redraw: 0, map: null, shown: [] };
const rows = table(
  { head: $("head"), rows: $("rows"), more: $("more"), count: $("count") }, { t, words, onAgain: () => list() },
);

/** Takes files, those of zips among them, and starts at once. */
async function take(files) {
  complain("");
  const [found, { jobs }] = [[], state];
  for (const file of files) {
    try {
      if (await isZip(file)) found.push(...(await entriesOf(file)).filter(({ path }) => mayBePhoto({ name: path, type: "" })));
      else if (mayBePhoto(file)) found.push({ path: file.webkitRelativePath || file.name, size: file.size, open: async () => file });
    } catch (error) {
      complain(`${file.name}: ${t.has(error.code) ? t(error.code) : error.message}`);
    }
  }
  if (jobs !== state.jobs) return; // all was cleared while zips were read
  if (!found.length) {
    if ($("trouble").hidden) complain(t("nothing"));
    return;
  }
  jobs.push(...found.map((job) => ({ ...job, answer: null })));
  $("work").hidden = $("list").hidden = false;
  $("kind").hidden = !state.jobs.some(({ path }) => path.includes("/"));
  if (!isWorking()) await go();
}

/** Asks for what has no answer yet, once what was under way has ended. */
function go() {
  state.stop?.abort();
  const mine = (state.stop = new AbortController());
  state.run = state.run.then(() => work(mine));
  return state.run;
}

async function work(mine) {
  const { signal } = mine;
  const onAnswer = (jobs, answer) => signal.aborted || answered(jobs, answer);
  const isOpen = () => !signal.aborted && state.jobs.some(({ answer }) => !answer); // also what was dropped meanwhile
  if (isOpen()) complain("");
  redraw();
  try {
    while (isOpen()) await askAll(places(), { model: $("model").querySelector("select").value || undefined, signal, onAnswer });
  } catch (error) {
    if (!signal.aborted) complain(lineOf(error, t));
    mine.abort();
  }
  if (state.stop === mine) state.stop = null;
  redraw();
}

const isWorking = () => Boolean(state.stop && !state.stop.signal.aborted);

function answered(jobs, answer) {
  for (const job of jobs) job.answer = answer;
  if (!state.redraw) state.redraw = setTimeout(redraw, REDRAWN_MS);
}

/** The jobs still to do: each by itself, or those of one folder together. */
function places() {
  const open = state.jobs.filter(({ answer }) => !answer);
  if (document.querySelector('[name="kind"]:checked').value === "separate") return open.map((job) => [job]);
  const folders = new Map();
  for (const job of open) {
    const folder = job.path.slice(0, job.path.lastIndexOf("/") + 1);
    folders.set(folder, [...(folders.get(folder) ?? []), job]);
  }
  return [...folders.values()].flatMap((jobs) => pieces(jobs, 24));
}

const pieces = (jobs, most) => (jobs.length <= most ? [jobs] : [jobs.slice(0, most), ...pieces(jobs.slice(most), most)]);

function redraw() {
  clearTimeout(state.redraw);
  state.redraw = 0;
  const done = state.jobs.filter(({ answer }) => answer).length;
  const failed = state.jobs.filter(({ answer }) => answer?.error).length;
  $("progress").max = Math.max(1, state.jobs.length);
  $("progress").value = done;
  const key = isWorking() ? "working" : done < state.jobs.length ? "stopped" : "done";
  $("state").textContent = [t(key, { n: done, all: state.jobs.length }), failed ? t("unread", { n: failed }) : ""].join(" ").trim();
  $("go").classList.toggle("primary", done < state.jobs.length);
  $("go").textContent = t(isWorking() ? "stop" : done < state.jobs.length ? "go_on" : "again");
  sums();
  list();
}

/** How many of each city, as bars and on the map. */
async function sums() {
  const good = state.jobs.map(({ answer }) => answer).filter((answer) => answer && !answer.error);
  $("found").hidden = !good.length;
  const counts = new Map();
  for (const answer of good) {
    const key = keyOf(answer);
    const [first] = answer.ranking;
    const row = counts.get(key) ?? { name: key === "none" ? t("none") : first.name, photos: 0, lat: key === "none" ? null : first.lat, lon: first.lon };
    row.photos += 1;
    counts.set(key, row);
  }
  choices(counts);
  if (!good.length) return;
  const sorted = [...counts.values()].sort((one, other) => other.photos - one.photos);
  const shares = sorted.map(({ name, photos }) => ({ name: `${name} (${t.number(photos)})`, probability: photos / good.length }));
  drawBars($("cities"), shares, { t, top: 12 });
  const none = counts.get("none")?.photos ?? 0;
  $("scope").textContent = `${t("scope", { n: good[0].ranking.length })} ${none ? t("unanswered", { n: none }) : ""}`.trim();
  const points = sorted.filter(({ lat }) => typeof lat === "number").map(({ lat, lon, name, photos }) => ({ lat, lon, share: photos / good.length, label: name }));
  $("map").hidden = !points.length;
  if (!points.length) return;
  state.map ??= drawMap($("map"));
  (await state.map).update({ points });
}

function choices(counts) {
  const kept = $("only").value;
  const cities = [...counts].filter(([key]) => key !== "none").map(([key, { name }]) => new Option(name, key)).sort((one, other) => one.text.localeCompare(other.text));
  const fixed = [["", "all"], ["none", "none"], ["failed", "failed"], ["waiting", "waiting"]].map(([value, key]) => new Option(t(key), value));
  $("only").replaceChildren(fixed[0], ...cities, ...fixed.slice(1));
  $("only").value = [...$("only").options].some(({ value }) => value === kept) ? kept : "";
}

function list() {
  state.shown = rows.show(state.jobs, { text: $("filter").value.trim().toLowerCase(), only: $("only").value });
}

function complain(line) {
  $("trouble").textContent = line;
  $("trouble").hidden = !line;
}

async function askAgain() {
  state.stop?.abort();
  await state.run;
  for (const job of state.jobs) job.answer = null;
  return go();
}

takeFiles({ inputs: [[$("folder"), take], [$("files"), take]], onFiles: take });
$("go").addEventListener("click", () => {
  if (isWorking()) state.stop.abort();
  else if (state.jobs.some(({ answer }) => !answer)) go();
  else askAgain();
});
$("clear").addEventListener("click", () => {
  state.stop?.abort();
  state.jobs = [];
  for (const id of ["work", "found", "list"]) $(id).hidden = true;
  complain("");
});
for (const radio of document.querySelectorAll('[name="kind"]')) {
  radio.addEventListener("change", askAgain);
}
for (const [id, event] of [["filter", "input"], ["only", "change"]]) {
  $(id).addEventListener(event, () => {
    rows.first();
    list();
  });
}
$("csv").addEventListener("click", () => download("flaneur.csv", "text/csv", csv(state.shown)));
$("geojson").addEventListener("click", () => download("flaneur.geojson", "application/geo+json", geojson(state.shown)));
addEventListener("beforeunload", (event) => isWorking() && event.preventDefault());
onLanguage(redraw);
try {
  state.models = await askModels();
  $("model").querySelector("select").replaceChildren(...state.models.map(({ name }) => new Option(name, name)));
  $("model").hidden = state.models.length < 2;
  $("model").addEventListener("change", () => state.jobs.length && askAgain());
} catch (error) {
  complain(lineOf(error, t));
}
