// What can be played here in; the screen to choose a game, or to join one, out.
import { lineOf } from "./api.js";
import { make } from "./make.js";
import { prefer } from "./play_answers.js";
import { joinForm } from "./play_invited.js";

const ROUNDS = [5, 10, 20, 40];
const USUAL = 10;
const LISTED = 12; // cities

/**
 * @param {HTMLElement} box emptied first
 * @param {Function} t
 * @param {object} found what api.offers says
 * @param {{start: Function, invite: Function, enter: Function}} then start(wanted): makes a game; invite(code): joins one;
 *   enter(code): joins one that is open here, and tells by itself what goes wrong
 */
export function showStart(box, t, found, { start, invite, enter }) {
  const children = [t.put(make("h1"), "heading"), t.put(make("p", { class: "lead" }), "lead")];
  if (found.games.length) children.push(open(t, found.games, enter));
  if (found.may_make && found.datasets.length) children.push(chooser(t, found, start));
  else if (!found.games.length) children.push(t.put(make("p", { class: "fact" }), "no_dataset"));
  const join = make("details", { class: "join" }, t.put(make("summary"), "join_summary"), joinForm(t, invite));
  box.replaceChildren(...children, join);
}

/** Games that are open already. */
function open(t, games, enter) {
  const items = games.map((game) => {
    const button = make("button", { type: "button", on: { click: () => enter(game.join_code) } }, game.title);
    return make("li", {}, button);
  });
  return make("section", {}, t.put(make("h2"), "open_games"), make("ul", { class: "games" }, ...items));
}

function chooser(t, { datasets, models }, start) {
  const dataset = make("select", { name: "dataset" }, ...datasets.map(({ name }) => make("option", { value: name }, name)));
  const model = make("select", { name: "model" }, ...models.map(({ name }) => make("option", { value: name }, name)), t.put(make("option", { value: "" }), "nobody"));
  const known = make("p", { class: "note" });
  const trouble = make("p", { class: "trouble", role: "alert", hidden: true });
  const rounds = either(t, "rounds", ROUNDS.map((n) => [String(n), null, t.number(n)]), String(USUAL));
  const views = either(t, "views", [["1", "one_view"], ["4", "all_views"]], "1");
  const by = either(t, "by", [["list", "by_list"], ["map", "by_map"]], "list");
  const who = either(t, "who", [["alone", "alone"], ["class", "for_class"]], "alone");
  const go = t.put(make("button", { type: "submit", class: "primary big" }), "start");
  let isStarting = false;

  function tell() {
    const cities = datasets.find(({ name }) => name === dataset.value).cities;
    const knows = models.find(({ name }) => name === model.value)?.cities ?? cities;
    const both = cities.filter((city) => knows.includes(city)).map(titled);
    go.disabled = isStarting || both.length < 2;
    const more = both.length > LISTED ? "cities_more" : "cities_known";
    t.put(known, both.length < 2 ? "cities_few" : more, { n: both.length, list: both.slice(0, LISTED).join(", ") });
  }

  async function submit(event) {
    event.preventDefault();
    const wish = new FormData(event.target);
    isStarting = go.disabled = trouble.hidden = true;
    t.put(go, "starting");
    prefer(wish.get("by"));
    try {
      await start({
        dataset: wish.get("dataset"), model: wish.get("model"), rounds: Number(wish.get("rounds")),
        views: Number(wish.get("views")), by_map: wish.get("by") === "map", for_class: wish.get("who") === "class",
      });
    } catch (error) {
      trouble.textContent = lineOf(error, t);
      isStarting = trouble.hidden = go.disabled = false;
      t.put(go, "start");
    }
  }

  const form = make(
    "form", { class: "card chooser", on: { submit, change: tell } },
    labelled(t, "dataset", dataset), labelled(t, "opponent", model), rounds, by, views, who, known, trouble, go,
  );
  tell();
  return form;
}

const titled = (slug) => slug.split("-").map((word) => word[0].toUpperCase() + word.slice(1)).join(" ");
const labelled = (t, key, field) => make("label", { class: "row" }, t.put(make("span"), key), field);

/** Radio buttons side by side. */
function either(t, name, choices, chosen) {
  const labels = choices.map(([value, key, text]) => {
    const radio = make("input", { type: "radio", name, value, checked: value === chosen });
    return make("label", {}, radio, key ? t.put(make("span"), key) : make("span", {}, text));
  });
  const group = make("div", { class: "either", role: "radiogroup", "aria-label": t(name), "data-label": `play.${name}` }, ...labels);
  return make("div", { class: "row" }, t.put(make("span"), name), group);
}
