// Photos and wishes in; answers that are computed in this very browser out. The same names as the server's api.js, which
// this file stands in for.
import { showLoading } from "./local/loading.js";

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
let number = 0;

/** Asks which city; see the server's api.js. */
export async function predict(files, { signal, views = false, cities, top } = {}) {
  const model = await describe();
  const answers = await ask("predict", files, { views, cities, top }, signal);
  return { model: { name: model.name, version: model.version, hash: model.about.hash }, answers };
}

/** Asks what in the photo spoke for a city. */
export async function explain(file, { signal, city, against, method } = {}) {
  return ask("explain", [file], { city, against, method }, signal);
}

/** The one model of this page. */
export async function models() {
  const { name, version, cities, about } = await describe();
  return [{ name, version, cities, methods: ["occlusion"], ...about }];
}

/** An error as a line for people. */
export const lineOf = (error, t) => t("error", { message: error.message });

function describe() {
  described ??= fetch(new URL("./local/model.json", import.meta.url))
    .then((answer) => {
      if (!answer.ok) throw new ApiError("incomplete", `model.json answers ${answer.status}`);
      return answer.json();
    })
    .catch((error) => {
      described = null;
      throw error instanceof ApiError ? error : new ApiError("incomplete", error.message);
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
    if (data.loading) return showLoading(data.loading);
    if (data.progress) return undefined;
    return settle(data);
  });
  worker.addEventListener("error", (event) => fail(event.message || "the worker cannot start"));
  return worker;
}

function settle({ id, result, error }) {
  const asked = waiting.get(id);
  waiting.delete(id);
  if (error) {
    if (error.code === "incomplete" || error.code === "no_runtime") showLoading(null);
    asked?.reject(new ApiError(error.code, error.message));
  } else asked?.resolve(result);
}

/** A worker that is gone takes all questions with it; the next one starts another. */
function fail(message) {
  worker?.terminate();
  worker = null;
  showLoading(null);
  for (const { reject } of waiting.values()) reject(new ApiError("failed", message));
  waiting.clear();
}
