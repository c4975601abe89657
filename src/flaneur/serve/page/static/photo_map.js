// An answer, or only a model, in; the points of the photo page's map, and what to say of it, out.

const NAMED_FROM = 0.02;
const isPlaced = ({ lat }) => typeof lat === "number";

/** Before there is an answer: the cities that the model knows. */
export const knownPoints = (model) =>
  (model?.cities ?? []).filter(isPlaced).map(({ lat, lon, name }) => ({ lat, lon, label: name }));

/** The cities, as large as they are probable, and where the file says that it was taken. */
export function answerPoints(t, { ranking, abstained, gps_in_file: gps }) {
  const kind = (city) => (abstained ? "faint" : city === ranking[0] ? "chosen" : "");
  const points = ranking.filter(isPlaced).map((city) => {
    const title = `${city.name} ${t.percent(city.probability)}`;
    const label = city.probability >= NAMED_FROM ? title : "";
    return { lat: city.lat, lon: city.lon, share: city.probability, title, label, kind: kind(city) };
  });
  return gps ? [...points, { ...gps, kind: "gps", label: t("gps_mark") }] : points;
}

/** Which cities the map lacks: a sentence, or nothing. */
export function unplaced(t, model) {
  const away = (model?.cities ?? []).filter((city) => !isPlaced(city)).map(({ name }) => name);
  return away.length ? t("unplaced", { cities: away.join(", ") }) : "";
}

/** How often the model was right where that was measured: a sentence, or nothing. */
export function trust(t, model) {
  const one = model?.metrics?.validation?.accuracy;
  if (!one) return "";
  const { n, places } = one;
  const added = model.cities.filter(({ slug }) => slug in (model.metrics.added ?? {})).map(({ name }) => name).join(", ");
  return t(added ? "trust_added" : "trust", { n, places, added, share: t.percent(one.value), low: t.percent(one.low), high: t.percent(one.high) });
}
