// The choices of a round in; a list of cities with a key each, and a map to point at where the game allows it, out.
import { make } from "./make.js";
import { drawMap } from "./map.js";

const MANY = 12; // from here on the cities are searched
const KEYS = "123456789";
const [LIST, MAP] = ["list", "map"];
const settings = { keys: true, way: LIST }; // kept from round to round

/** Which way is offered first, "list" or "map". */
export const prefer = (way) => (settings.way = way);

/**
 * @param {object} round
 * @param {Function} t
 * @param {Function} give takes {city} or {lat, lon}
 * @returns {{element: HTMLElement, enable: Function, key: Function, close: Function}}
 */
export function answersOf(round, t, give) {
  const buttons = round.choices.map((city, index) => choice(city, KEYS[index], () => give({ city: city.city })));
  const list = make("div", { class: round.choices.length > MANY ? "cities many" : "cities", role: "group", "data-label": "play.which", "aria-label": t("which") }, ...buttons);
  const search = round.choices.length > MANY ? searchOf(t, buttons) : null;
  const keys = make("input", { type: "checkbox", checked: settings.keys, on: { change: () => (settings.keys = keys.checked) } });
  const switched = make("label", { class: "of keyed" }, keys, t.put(make("span"), "by_keys"));
  const byList = make("div", {}, search, list, switched);
  const pointer = round.by_map ? pointerOf(round, t, give) : null;
  const title = t.put(make("h2", { class: "which" }), "which");
  const ways = pointer ? waysOf(t, byList, pointer) : null;
  let enabled = false;

  function enable(on) {
    enabled = on;
    for (const button of buttons) button.disabled = !on;
    pointer?.enable(on);
  }

  enable(false);
  return {
    element: make("div", { class: "answers" }, title, ways, byList, pointer?.element),
    enable,
    key(pressed) {
      if (!enabled) return;
      const index = KEYS.indexOf(pressed);
      if (settings.keys && index >= 0 && index < buttons.length && !byList.hidden) {
        buttons[index].classList.add("pressed");
        buttons[index].click();
      } else if (pressed === "Enter" && pointer && !pointer.element.hidden) pointer.give();
    },
    close: () => pointer?.close(),
  };
}

function choice({ name }, key, give) {
  const sign = key ? make("kbd", { "aria-hidden": "true" }, key) : null;
  return make("button", { type: "button", class: "city", "aria-keyshortcuts": key, on: { click: give } }, sign, make("span", {}, name));
}

/** A field that leaves only the cities that hold what is typed; Enter takes the first. */
function searchOf(t, buttons) {
  const left = () => buttons.filter((button) => !button.hidden);
  const field = make("input", {
    type: "search", class: "search", "data-hint": "play.search", placeholder: t("search"), "data-label": "play.search", "aria-label": t("search"),
    on: {
      input: () => buttons.forEach((button) => (button.hidden = !plain(button.lastChild.textContent).includes(plain(field.value)))),
      keydown: (event) => event.key === "Enter" && field.value && left()[0]?.click(),
    },
  });
  return field;
}

const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

/** A map of the cities on which any point can be the answer. */
function pointerOf(round, t, give) {
  const cities = round.choices.filter(({ lat }) => lat !== null).map(({ lat, lon, name }) => ({ lat, lon, label: name, kind: "faint" }));
  const button = t.put(make("button", { type: "button", class: "primary", disabled: true, on: { click: () => send() } }), "answer_here");
  const box = make("div");
  const element = make("div", { class: "pointer" }, t.put(make("p", { class: "note" }), "point_how"), box, button);
  let [point, enabled] = [null, false];
  const map = drawMap(box, { points: cities, world: cities.length < 2, onPick: pick });

  async function pick(lat, lon) {
    if (!enabled) return;
    point = { lat, lon };
    button.disabled = false;
    (await map).update({ points: [...cities, { ...point, kind: "picked" }], fit: false });
  }

  function send() {
    if (point && enabled) give({ lat: Number(point.lat.toFixed(4)), lon: Number(point.lon.toFixed(4)) });
  }

  return {
    element,
    give: send,
    enable(on) {
      enabled = on;
      button.disabled = !on || !point;
    },
    close: async () => (await map).close(),
  };
}

/** List or map. */
function waysOf(t, byList, pointer) {
  const turn = () => {
    byList.hidden = settings.way !== LIST;
    pointer.element.hidden = settings.way !== MAP;
  };
  const labels = [LIST, MAP].map((way) => {
    const radio = make("input", { type: "radio", name: "way", value: way, checked: settings.way === way, on: { change: () => turn((settings.way = way)) } });
    return make("label", {}, radio, t.put(make("span"), `by_${way}`));
  });
  turn();
  return make("div", { class: "either", role: "radiogroup", "data-label": "play.by", "aria-label": t("by") }, ...labels);
}
