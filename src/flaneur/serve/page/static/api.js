// Photos and wishes in; answers of this very server out. What goes wrong is an ApiError.

const OF_THE_PHOTO = [415, 422]; // no photo could be read

/** What went wrong: a code for programs, a line for people, seconds to wait where the server is busy. */
export class ApiError extends Error {
  constructor(code, message, status = 0, retryAfter = null) {
    super(message);
    Object.assign(this, { name: "ApiError", code, status, retryAfter });
  }
}

/** Asks which city.
 * @param {File[]} files
 * @param {{model?: string, views?: boolean, cities?: string[], top?: number, signal?: AbortSignal}} wishes
 *   views: all photos show one place
 * @returns {Promise<{model: object, answers: object[]}>} as docs/reference/http.md says; a photo that cannot be read is
 *   an answer with error and message, also where it is the only one
 */
export async function predict(files, { signal, ...wishes } = {}) {
  try {
    return await post("v1/predict", form(files, wishes), { signal });
  } catch (error) {
    if (!OF_THE_PHOTO.includes(error.status)) throw error;
    const bad = { error: error.code, message: error.message };
    return { model: null, answers: files.map((_, index) => ({ index: [index], ...bad })) };
  }
}

/** Asks what in the photo spoke for a city.
 * @param {File} file
 * @param {{model?: string, city?: string, against?: string, method?: string, check?: boolean, signal?: AbortSignal}} wishes
 */
export async function explain(file, { signal, ...wishes } = {}) {
  return post("v1/explain", form([file], wishes), { signal });
}

/** The models that answer here, the default first.
 * @returns {Promise<object[]>}
 */
export async function models({ signal } = {}) {
  const found = await get("v1/models", { signal });
  return Array.isArray(found) ? found : found.models;
}

/** A form of photos and fields, as every route takes it; what is not set is left out. */
export function form(files, fields = {}) {
  const made = new FormData();
  for (const file of files) made.append("photo", file, file.name || "photo");
  for (const [name, value] of Object.entries(fields)) {
    if (value !== undefined && value !== null && value !== "") made.append(name, String(value));
  }
  return made;
}

/** GET of an address of this server, such as "v1/games": what the JSON says. */
export const get = (address, { signal } = {}) => ask(address, { signal });

/** POST of a form, or of an object as JSON. */
export function post(address, body, { signal } = {}) {
  if (body instanceof FormData) return ask(address, { method: "POST", body, signal });
  const headers = { "Content-Type": "application/json" };
  return ask(address, { method: "POST", body: JSON.stringify(body), headers, signal });
}

async function ask(address, options) {
  let answer;
  try {
    answer = await fetch(address, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError("offline", error.message);
  }
  const said = await answer.json().catch(() => null);
  if (answer.ok && said !== null) return said;
  const { code = "bad_answer", message = `${answer.status} ${answer.statusText}` } = said?.error ?? {};
  throw new ApiError(code, message, answer.status, Number(answer.headers.get("Retry-After")) || null);
}

/** An error as a line for people. */
export function lineOf(error, t) {
  if (error.code === "offline") return t("error_offline");
  if (error.retryAfter) return t("error_busy", { n: error.retryAfter });
  return t("error", { message: error.message });
}
