// Photos and wishes in; answers of this very server out. What goes wrong is an ApiError.

/** What went wrong: a code for programs, a line for people, seconds to wait where the server is busy, its JSON. */
export class ApiError extends Error {
  constructor(code, message, { status = 0, retryAfter = null, said = null } = {}) {
    super(message);
    Object.assign(this, { name: "ApiError", code, status, retryAfter, said });
  }
}

const room = { request_bytes: 64e6, request_photos: 32 }; // of one request; the server says what it really is

/** Asks which city; photos that do not fit into one request go in several.
 * @param {File[]} files
 * @param {{model?: string, views?: boolean, cities?: string[], top?: number, signal?: AbortSignal}} wishes
 *   views: all photos show one place
 * @returns {Promise<{model: object, answers: object[]}>} as docs/reference/http.md says; a photo that cannot be read is
 *   an answer with error and message, also where it is the only one
 */
export async function predict(files, { signal, ...wishes } = {}) {
  const said = [];
  for (const some of wishes.views ? [files] : shares(files)) said.push(await predictSome(some, wishes, signal));
  let before = 0;
  const answers = said.flatMap(({ answers: found, sent }) => {
    const moved = found.map((answer) => ({ ...answer, index: answer.index.map((index) => index + before) }));
    before += sent;
    return moved;
  });
  return { model: said[0].model, answers };
}

async function predictSome(files, wishes, signal) {
  try {
    return { ...(await post("v1/predict", form(files, wishes), { signal })), sent: files.length };
  } catch (error) {
    if (error.said?.answers) return { ...error.said, sent: files.length };
    throw error;
  }
}

function shares(files) {
  const made = [[]];
  let bytes = 0;
  for (const file of files) {
    bytes += file.size + 1000; // of the form around it
    if (made.at(-1).length && (bytes > room.request_bytes || made.at(-1).length >= room.request_photos)) {
      made.push([]);
      bytes = file.size + 1000;
    }
    made.at(-1).push(file);
  }
  return made;
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
  Object.assign(room, found.limits);
  return found.models;
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
export const get = (address, { signal, headers } = {}) => ask(address, { signal, headers });

/** POST of a form, or of an object as JSON. */
export function post(address, body, { signal, headers = {} } = {}) {
  if (body instanceof FormData) return ask(address, { method: "POST", body, signal, headers });
  const json = { "Content-Type": "application/json" };
  return ask(address, { method: "POST", body: JSON.stringify(body), headers: { ...headers, ...json }, signal });
}

async function ask(address, { headers = {}, ...options }) {
  const key = token();
  let answer;
  try {
    answer = await fetch(address, { ...options, headers: key ? { ...headers, Authorization: `Bearer ${key}` } : headers });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError("offline", error.message);
  }
  const said = await answer.json().catch((error) => {
    if (error.name === "AbortError") throw error;
    return null;
  });
  if (answer.ok && said !== null) return said;
  const { code = "bad_answer", message = `${answer.status} ${answer.statusText}` } = said?.error ?? {};
  const retryAfter = Number(answer.headers.get("Retry-After")) || null;
  throw new ApiError(code, message, { status: answer.status, retryAfter, said });
}

/** The token of a server that others can reach: given once behind the # of the address, kept for this window alone. */
function token() {
  const given = new URLSearchParams(location.hash.slice(1));
  if (given.has("token")) {
    sessionStorage.setItem("token", given.get("token"));
    given.delete("token");
    history.replaceState(null, "", `${location.pathname}${location.search}${given.size ? `#${given}` : ""}`);
  }
  return sessionStorage.getItem("token");
}

/** An error as a line for people. */
export function lineOf(error, t) {
  if (error.code === "offline") return t("error_offline");
  if (error.retryAfter) return t("error_busy", { n: error.retryAfter });
  return t("error", { message: error.message });
}
