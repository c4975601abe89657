// Tasks in; answers, progress and errors out. A classic worker, since the runtime is a classic script.
"use strict";

importScripts(new URL(self.location).searchParams.get("runtime"));
const tasks = import("./tasks.js"); // messages wait for it, so none is lost

self.onmessage = async ({ data }) => {
  try {
    (await tasks).handle(data);
  } catch (error) {
    self.postMessage({ id: data.id, error: { code: "not_loaded", message: String(error?.message ?? error) } });
  }
};
