// A map as the server tells it in; what it says, and how far to trust it, in words of the visitor's language, out.
import { make } from "./make.js";

const WHOLE = 0.995; // a share of the photo from which on it counts as all
const UNUSUAL = 0.75; // share of known photos that are worse off, from which on a photo is near; the rest, and it is far

/** Where the photo speaks most, and how much of it the network saw. */
export function tellWhere(t, { limit, peak, box }, { city }) {
  const lines = [];
  if (limit > 0) lines.push(["peak", { city, across: t.percent(peak[0]), down: t.percent(peak[1]) }]);
  const [left, top, right, bottom] = box;
  const seen = (right - left) * (bottom - top);
  if (seen < WHOLE) lines.push(["seen", { share: t.percent(seen) }]);
  return make("p", {}, ...lines.flatMap(([key, values]) => [t.put(make("span"), key, values), " "]));
}

/** The verdict of the check, its numbers behind it; open: whether they show at once. */
export function tellTrust(t, { trust, faithfulness, words, score }, { city, against }, open = false) {
  const known = t.has(`trust_${trust}`);
  const verdict = known ? t.put(make("strong"), `trust_${trust}`) : make("strong", {}, words);
  const numbers = faithfulness ? measured(t, faithfulness, city) : [];
  return make(
    "details",
    { class: "why-trust", "data-code": trust, open },
    make("summary", {}, verdict),
    ...numbers,
    t.put(make("p"), against ? "score_against" : "score", { city, against, odds: signed(t, score) }),
    t.put(make("p"), "not_more"),
  );
}

const signed = (t, value) => `${value < 0 ? "−" : "+"}${t.number(Math.abs(value), 2)}`;

function measured(t, found, city) {
  const share = (name) => t.percent(found[name]);
  const lines = [
    ["hidden", { city, own: share("deletion_auc"), chance: share("random_deletion_auc") }],
    ["shown", { city, own: share("insertion_auc"), chance: share("random_insertion_auc") }],
  ];
  if (found.sanity !== null) lines.push(["random", { same: signed(t, found.sanity) }]);
  return lines.map(([key, values]) => t.put(make("p"), key, values));
}

/** The known photos that are most like it, where the model keeps any: counts, and how near is near. */
export function tellNearest(t, { photos, places, nearer_than: share, cities, known }, nameOf) {
  const counts = cities.map(({ city, count }) => `${count} ${nameOf(city)}`).join(", ");
  const near = share > UNUSUAL ? "near_near" : share < 1 - UNUSUAL ? "near_far" : "near_usual";
  const list = known.map(({ city, distance }) => make("li", {}, make("b", {}, nameOf(city)), ` ${t.number(distance, 3)}`));
  return make(
    "details",
    { class: "why-known" },
    make("summary", {}, t.put(make("span"), "nearest", { n: known.length, counts })),
    make("ol", {}, ...list),
    t.put(make("p"), "of_known", { photos, places }),
    t.put(make("p"), near, { share: t.percent(1 - share) }),
    t.put(make("p"), "neighbours"),
  );
}
