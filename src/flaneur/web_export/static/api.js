// Photos and wishes in; answers that are computed in this very browser out. The same names as the server's api.js, which
// this file stands in for.
import { showBar } from "./local/bar.js";

/** What went wrong: a code for programs, a line for people. */
export class ApiError extends Error {
  constructor(code, message, status = 0, retryAfter = null) {
    super(message);
    Object.assign(this, { name: "ApiError", code, status, retryAfter });
  }
}

const site = new URL("../../", import.meta.url).href;
const waiting = new Map();
let worker = null;
let described = null;
let last = null;
let number = 0;

/** Asks which city; see the server's api.js. */
export async function predict(files, { signal, views = false, cities, top } = {}) {
  const model = await describe();
  const answers = await ask("predict", files, { views, cities, top }, signal);
  return { model: { name: model.name, version: model.version, hash: model.about.hash }, answers };
}

/** Asks what in the photo spoke for a city. The page asks twice, the second time with a check. There is none here, so the
 * map that was made is given again.
 */
export async function explain(file, { signal, check = true, city, against, method, quick } = {}) {
  const wishes = { city, against, method, quick };
  const same = last?.file === file && JSON.stringify(last.wishes) === JSON.stringify(wishes);
  if (!same) last = { file, wishes, found: await ask("explain", [file], wishes, signal) };
  const { found } = last;
  return check && found.trust === "unchecked" ? { ...found, trust: "unmeasured" } : found;
}

/** The one model of this page. */
export async function models() {
  const { name, version, cities, about } = await describe();
  return [{ name, version, cities, methods: ["occlusion"], ...about }];
}

/** An error as a line for people: what may go wrong here alone is in texts/local.json. */
export const lineOf = (error, t) => t(t.has(`local.${error.code}`) ? `local.${error.code}` : "error", { message: error.message });

function describe() {
  described ??= fetch(new URL("./local/model.json", import.meta.url))
    .then((answer) => {
      if (!answer.ok) throw new ApiError("incomplete", `model.json answers ${answer.status}`);
      return answer.json();
    })
    .catch((error) => {
      described = null;
      throw error instanceof ApiError ? error : new ApiError("unreached", error.message);
    });
  return described;
}

async function ask(task, photos, wishes, signal) {
  const model = await describe();
  signal?.throwIfAborted();
  const id = ++number;
  return new Promise((resolve, reject) => {
    waiting.set(id, { resolve, reject });
    signal?.addEventListener("abort", () => {
      waiting.delete(id);
      if (waiting.size === 0) showBar(null);
      worker?.postMessage({ cancel: id });
      reject(signal.reason);
    });
    started(model).postMessage({ id, task, site, model, photos: [...photos], wishes });
  });
}

function started(model) {
  if (worker) return worker;
  const address = new URL("./local/worker.js", import.meta.url);
  address.searchParams.set("runtime", new URL(model.runtime.script, site).href);
  worker = new Worker(address);
  worker.addEventListener("message", ({ data }) => {
    if (data.loading) loaded(data.loading);
    else if (data.progress) drawn(data);
    else settle(data);
  });
  worker.addEventListener("error", (event) => fail(event.message || "the worker cannot start"));
  return worker;
}

/** Nobody may be waiting any more, and then nobody would take the bar away. */
function loaded(part) {
  if (waiting.size) showBar("loading", part);
}

function drawn({ id, progress }) {
  if (waiting.has(id)) showBar("map", progress);
}

function settle({ id, result, error }) {
  const asked = waiting.get(id);
  waiting.delete(id);
  if (waiting.size === 0) showBar(null);
  if (error) asked?.reject(new ApiError(error.code, error.message));
  else asked?.resolve(result);
}

/** A worker that is gone takes all questions with it; the next one starts another. */
function fail(message) {
  worker?.terminate();
  worker = null;
  showBar(null);
  for (const { reject } of waiting.values()) reject(new ApiError("unreached", message));
  waiting.clear();
}
