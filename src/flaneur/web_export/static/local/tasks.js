// Messages {id, task, …} in; messages {id, result}, {id, error}, {id, progress} and {loading} out. {cancel: id} ends one.
import { answersOf } from "./answer.js";
import { heatmapOf } from "./heatmap.js";
import { openNetwork } from "./network.js";
import { PhotoError, readPhoto } from "./photo.js";

const cancelled = new Set();
let opened = null;

export async function handle(message) {
  if (message.cancel !== undefined) {
    cancelled.add(message.cancel);
    return;
  }
  const { id } = message;
  try {
    self.postMessage({ id, result: await run(message) });
  } catch (error) {
    if (!cancelled.has(id)) self.postMessage({ id, error: { code: error.code ?? "failed", message: error.message ?? String(error) } });
  } finally {
    cancelled.delete(id);
  }
}

async function run({ id, task, site, model, photos, wishes }) {
  const network = () => networkOf(site, model); // not before a photo could be read
  const stop = () => {
    if (cancelled.has(id)) throw new PhotoError("cancelled", "This was cancelled.");
  };
  const progress = (done, of) => self.postMessage({ id, progress: { done, of } });
  if (task === "predict") return answersOf(model, await scoresOf(network, model, photos, stop), wishes);
  const photo = await readPhoto(photos[0], model.preprocess);
  return heatmapOf(await network(), model, photo, wishes, { stop, progress });
}

/** The network is opened once; should that fail, the next task tries again. */
function networkOf(site, model) {
  opened ??= openNetwork(site, model, (loading) => self.postMessage({ loading })).catch((error) => {
    opened = null;
    throw error;
  });
  return opened;
}

async function scoresOf(network, model, photos, stop) {
  const found = [];
  for (const [index, photo] of photos.entries()) {
    stop();
    try {
      const { square, gps, sha256 } = await readPhoto(photo, model.preprocess);
      const [scores] = await (await network()).run([square]);
      found.push({ index, name: photo.name ?? "", gps, sha256, ...scores });
    } catch (error) {
      if (!(error instanceof PhotoError)) throw error;
      found.push({ index, error: error.code, message: error.message });
    }
  }
  return found;
}
