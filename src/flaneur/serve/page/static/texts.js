// A name of a table in; its texts in the visitor's language out. Elements with data-text are filled, and filled again
// when the language changes. How texts are written: pages.py.

const LANGUAGES = ["en", "de"];
const ATTRIBUTES = { label: "aria-label", hint: "placeholder", alt: "alt" };
const tables = new Map();
const listeners = new Set();

/** The language of the page: "en" or "de". */
export const language = () => document.documentElement.lang;

/** Texts of one table and, behind it, of the frame.
 * @param {string} name such as "photo"
 * @returns {Promise<Translate>} t(key, values) -> string; t.put(element, key, values); t.number(x, digits);
 *   t.percent(share, digits), "87 %"; t.has(key)
 */
export async function texts(name) {
  await Promise.all([load(name), load("common")]);
  const full = (key) => (key.includes(".") ? key : key in tables.get(name) ? `${name}.${key}` : `common.${key}`);
  const t = (key, values = {}) => say(full(key), values);
  t.has = (key) => find(full(key)) !== undefined;
  t.put = (element, key, values = {}) => {
    element.dataset.text = full(key);
    element.dataset.values = JSON.stringify(values);
    element.textContent = t(key, values);
    return element;
  };
  t.number = number;
  t.percent = percent;
  return t;
}

/** Calls back when the language has changed; whatever was put with t.put is renewed already.
 * @returns {() => void} calls back no more, for what is taken off the page
 */
export function onLanguage(callback) {
  listeners.add(callback);
  return () => listeners.delete(callback);
}

/** Remembers which language the visitor chose, and shows the page in it. */
export function chooseLanguage(chosen) {
  document.cookie = `language=${chosen}; path=/; max-age=31536000; SameSite=Strict`;
  return showIn(chosen);
}

/** Shows the page in a language. */
export async function showIn(chosen) {
  document.documentElement.lang = chosen;
  await fill(document);
  listeners.forEach((callback) => callback());
}

/** The language that was chosen once, or that the browser asks for. */
export function wanted() {
  const chosen = document.cookie.match(/(?:^|; )language=(\w\w)/)?.[1];
  const wishes = [chosen, ...navigator.languages.map((wish) => wish.slice(0, 2).toLowerCase())];
  return wishes.find((wish) => LANGUAGES.includes(wish)) ?? LANGUAGES[0];
}

/** Fills every element below one that has data-text, data-label, data-hint or data-alt. */
export async function fill(root) {
  const page = document.documentElement.dataset.page;
  const elements = [...root.querySelectorAll("[data-text], [data-label], [data-hint], [data-alt]")];
  const keys = elements.flatMap(({ dataset }) => [dataset.text, dataset.label, dataset.hint, dataset.alt]);
  const named = keys.filter((key) => key?.includes(".")).map((key) => key.split(".")[0]);
  await Promise.all([...new Set([page, "common", ...named])].map(load));
  const full = (key) => (key.includes(".") ? key : key in tables.get(page) ? `${page}.${key}` : `common.${key}`);
  for (const element of elements) {
    const { text, values } = element.dataset;
    if (text) element.textContent = say(full(text), values ? JSON.parse(values) : {});
    for (const [kind, attribute] of Object.entries(ATTRIBUTES)) {
      const key = element.dataset[kind];
      if (key) element.setAttribute(attribute, say(full(key), {}));
    }
  }
  const title = find(`${page}.title`);
  if (title) document.title = `${title} · flaneur`;
}

async function load(name) {
  if (tables.get(name)?.then === undefined && tables.has(name)) return;
  if (!tables.has(name)) tables.set(name, fetchTable(name));
  try {
    tables.set(name, await tables.get(name));
  } catch (error) {
    tables.delete(name); // so that it is asked for again
    throw error;
  }
}

async function fetchTable(name) {
  const answer = await fetch(new URL(`texts/${name}.json`, import.meta.url));
  return answer.ok ? answer.json() : {};
}

function find(key) {
  const [table, own] = key.split(".");
  return tables.get(table)?.[own]?.[language()];
}

function say(key, values) {
  const found = find(key);
  if (found === undefined) return key;
  const text = typeof found === "string" ? found : found[new Intl.PluralRules(language()).select(values.n)] ?? found.other;
  return text.replace(/\{(\w+)\}/g, (whole, name) => {
    const value = values[name];
    return value === undefined ? whole : typeof value === "number" ? number(value) : String(value);
  });
}

function number(value, digits = 0) {
  return value.toLocaleString(language(), { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** "87 %", never broken before the sign; below half a per cent "< 1 %", and never "100 %" of what is not certain. */
function percent(share, digits = 0) {
  const step = 10 ** -digits;
  const value = 100 * share;
  if (value > 0 && value < step / 2) return `<\u00a0${number(step, digits)}\u00a0%`;
  if (value < 100 && value > 100 - step / 2) return `>\u00a0${number(100 - step, digits)}\u00a0%`;
  return `${number(value, digits)}\u00a0%`;
}
