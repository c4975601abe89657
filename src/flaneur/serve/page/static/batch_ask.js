// Many photos in; an answer for each, a few requests at a time, out. It waits where the server is busy, and can be stopped.
import { predict } from "./api.js";

const AT_ONCE = 3; // requests under way
const PHOTOS = 8; // in one request
const BYTES = 24e6; // in one request, unless a single photo is larger
const MOST_WAITS = 60;

/** Asks for all jobs that have no answer yet.
 * @param {{open: () => Promise<File>, size: number, answer: object|null}[][]} places jobs of one place each; a place of
 *   several gets one answer for all of them
 * @param {{model?: string, signal: AbortSignal, onAnswer: (jobs: object[], answer: object) => void}} how
 */
export async function askAll(places, { model, signal, onAnswer }) {
  const waiting = bundles(places);
  const worker = async () => {
    while (waiting.length && !signal.aborted) await one(waiting.shift(), { model, signal, onAnswer });
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

/** Single photos together, a place of several views alone. */
function bundles(places) {
  const found = [];
  let open = null;
  for (const jobs of places) {
    const bytes = jobs.reduce((sum, { size }) => sum + size, 0);
    if (jobs.length > 1) found.push({ jobs, views: true });
    else if (open && open.jobs.length < PHOTOS && open.bytes + bytes <= BYTES) {
      open.jobs.push(...jobs);
      open.bytes += bytes;
    } else found.push((open = { jobs: [...jobs], bytes, views: false }));
  }
  return found;
}

async function one({ jobs, views }, { model, signal, onAnswer }) {
  const opened = await Promise.all(jobs.map(async (job) => ({ job, ...(await safely(job)) })));
  for (const { job, answer } of opened) if (answer) onAnswer([job], answer);
  const good = opened.filter(({ file }) => file);
  if (!good.length || signal.aborted) return;
  const said = await patiently(good.map(({ file }) => file), { model, views: views || undefined, signal });
  for (const answer of said.answers) {
    answer.index.forEach((index, number) => {
      const own = { model_hash: said.model?.hash ?? null, sha256: answer.sha256?.[number] ?? null };
      onAnswer([good[index].job], { ...answer, ...own });
    });
  }
}

async function safely(job) {
  try {
    return { file: await job.open() };
  } catch (error) {
    return { answer: { error: error.code ?? "unreadable", message: error.message } };
  }
}

async function patiently(files, { signal, ...wishes }) {
  for (let turn = 0; ; turn += 1) {
    try {
      return await predict(files, { signal, ...wishes });
    } catch (error) {
      if (signal.aborted) return { answers: [] };
      if (!error.retryAfter || turn === MOST_WAITS) {
        if (error.status === 413) return { answers: [{ index: files.map((_, index) => index), error: "too_large", message: error.message }] };
        throw error;
      }
      await pause(1000 * error.retryAfter, signal);
      if (signal.aborted) return { answers: [] };
    }
  }
}

/** Ends early where the signal says so. */
function pause(milliseconds, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
  });
}
