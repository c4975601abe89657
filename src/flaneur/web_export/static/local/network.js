// The addresses of a runtime and of a model in; a network that turns squares into scores, one batch at a time, out.

const FORBIDDEN = /content security policy|blocked by csp|unsafe-eval/i; // as Chromium, Firefox and Safari put it

/** Downloads and starts the network.
 * @param {string} site the folder that holds the whole page, as an address that ends in "/"
 * @param {object} model what model.json says
 * @param {(loading: {done: number, of: number}) => void} tell called while bytes arrive
 * @returns {Promise<{run: (squares: Uint8Array[]) => Promise<object[]>, runFloat: (batch: Float32Array, count: number)
 *   => Promise<object[]>}>} squares: S·S·3 bytes, RGB
 */
export async function openNetwork(site, model, tell) {
  const parts = { wasm: [model.runtime.wasm, model.runtime.bytes], model: [model.file, model.bytes] };
  const of = parts.wasm[1] + parts.model[1];
  const done = { wasm: 0, model: 0 };
  const load = ([name, [address, bytes]]) =>
    download(new URL(address, site).href, bytes, (count) => {
      done[name] = count;
      tell({ done: done.wasm + done.model, of });
    });
  const [wasm, weights] = await Promise.all(Object.entries(parts).map(load));
  return network(await start(wasm, weights), model);
}

async function start(wasm, weights) {
  // The runtime takes an address alone, and some hosts call the file something else than application/wasm. What was
  // downloaded already is handed to it as the answer.
  const fetched = self.fetch;
  self.fetch = async () => new Response(wasm, { headers: { "Content-Type": "application/wasm" } });
  try {
    const { env, InferenceSession } = self.ort;
    Object.assign(env.wasm, { numThreads: 1, proxy: false }); // more threads need headers that static hosts do not send
    return await InferenceSession.create(weights, { executionProviders: ["wasm"], logSeverityLevel: 4 });
  } catch (error) {
    throw failure(FORBIDDEN.test(error.message) ? "forbidden" : "no_runtime", error.message);
  } finally {
    self.fetch = fetched;
  }
}

function network(session, { preprocess, cities }) {
  const { size_px: side } = preprocess;
  const outputs = ["logits", "novelty", "attention"].filter((name) => session.outputNames.includes(name));
  let last = Promise.resolve();

  async function runFloat(batch, count) {
    const before = last;
    let free;
    last = new Promise((resolve) => (free = resolve)); // the runtime does one thing at a time
    await before;
    try {
      const image = new self.ort.Tensor("float32", batch, [count, 3, side, side]);
      const found = await session.run({ image }, outputs);
      return Array.from({ length: count }, (_, row) => ({
        logits: found.logits.data.slice(row * cities.length, (row + 1) * cities.length),
        novelty: found.novelty?.data[row] ?? 0,
        attention: found.attention?.data[row] ?? null,
      }));
    } finally {
      free();
    }
  }

  return {
    runFloat,
    run: (squares) => {
      const batch = new Float32Array(squares.length * 3 * side * side);
      squares.forEach((square, index) => normalise(square, preprocess, batch.subarray(index * 3 * side * side)));
      return runFloat(batch, squares.length);
    },
  };
}

/** RGB bytes to the network's input, channels apart, with the rounding of flaneur.preprocess.normalise.
 * @param {Uint8Array} square S·S·3
 * @param {{mean: number[], std: number[]}} preprocess
 * @param {Float32Array} out 3·S·S at least
 */
export function normalise(square, { mean, std }, out) {
  const pixels = square.length / 3;
  for (let channel = 0; channel < 3; channel++) {
    const [own, deviation] = [Math.fround(mean[channel]), Math.fround(std[channel])];
    const scale = Math.fround(1 / Math.fround(255 * deviation));
    const offset = Math.fround(own / deviation);
    for (let at = 0; at < pixels; at++) {
      out[channel * pixels + at] = Math.fround(square[3 * at + channel] * scale) - offset;
    }
  }
}

async function download(address, bytes, tell) {
  const unreached = (error) => {
    throw failure("unreached", error.message);
  };
  const answer = await fetch(address).catch(unreached);
  if (!answer.ok) throw failure("incomplete", `${address} answers ${answer.status}`);
  const reader = answer.body.getReader();
  const next = () => reader.read().catch(unreached);
  const whole = new Uint8Array(bytes);
  let done = 0;
  for (let part = await next(); !part.done; part = await next()) {
    if (done + part.value.length > bytes) throw failure("incomplete", `${address} is too long`);
    whole.set(part.value, done);
    done += part.value.length;
    tell(done);
  }
  if (done < bytes) throw failure("incomplete", `${address} ends too early`);
  return whole;
}

/** A code of which texts/local.json holds the words. */
const failure = (code, message) => Object.assign(new Error(message), { code });
