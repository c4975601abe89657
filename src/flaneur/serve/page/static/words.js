// An answer of the API in; how sure it is, in words, out. A word stands for a range of the calibrated probability.

const LEVELS = [["very", 0.95], ["fairly", 0.8], ["rather", 0.6], ["hardly", 0]];

const SAME_CITY_KM = 60; // from the middle of the largest cities to their edges

/** "very", "fairly", "rather", "hardly", or "unknown" where the model abstains.
 * @param {{abstained: boolean, ranking: {probability: number}[]}} answer
 */
export function sureness({ abstained, ranking }) {
  return abstained ? "unknown" : LEVELS.find(([, least]) => ranking[0].probability >= least)[0];
}

/** The answer in a few words: "Zurich, fairly sure".
 * @param {Function} t of texts("photo")
 * @param {object} answer
 */
export const verdict = (t, answer) => t(sureness(answer), { city: answer.ranking[0].name, n: answer.ranking.length });

/** What the answer's sureness means, in a sentence. */
export function meaning(t, answer) {
  const [first] = answer.ranking;
  const share = t.percent(first.probability);
  if (answer.abstained) return t(isStrange(answer) ? "strange" : "faint", { city: first.name, share });
  if (sureness(answer) === "hardly") return t("guess", { n: answer.ranking.length });
  const right = Math.round(100 * first.probability);
  return right > 99 ? t("meaning_most", { right: 99 }) : t("meaning", { right });
}

/** What the bars are to be read as, or what comes second where it is worth a word; else nothing. */
export function orElse(t, { abstained, ranking: [, second] }) {
  if (abstained) return t("if_any");
  if (!second || second.probability < 0.01) return "";
  return t("or_else", { city: second.name, share: t.percent(second.probability) });
}

/** What the file itself says of where it was taken: a sentence, or nothing. */
export function claim(t, { gps_in_file: gps, abstained, ranking }) {
  if (!gps) return "";
  const place = { lat: t.number(gps.lat, 4), lon: t.number(gps.lon, 4) };
  const placed = ranking.filter(({ lat }) => typeof lat === "number").map((city) => ({ ...city, km: distanceKm(gps, city) }));
  const near = abstained ? placed.sort((one, other) => one.km - other.km)[0] : placed.find(({ city }) => city === ranking[0].city);
  if (!near) return t("gps_only", place);
  const key = abstained ? "gps_none" : near.km < SAME_CITY_KM ? "gps_near" : "gps_far";
  return t(key, { ...place, city: near.name, km: t.number(near.km, near.km < 10 ? 1 : 0) });
}

/** Great-circle distance in kilometres: R. W. Sinnott, Sky & Telescope 68(2), 1984. */
export function distanceKm(one, other) {
  const radians = (degrees) => (degrees * Math.PI) / 180;
  const [up, along] = [radians(other.lat - one.lat) / 2, radians(other.lon - one.lon) / 2];
  const h = Math.sin(up) ** 2 + Math.cos(radians(one.lat)) * Math.cos(radians(other.lat)) * Math.sin(along) ** 2;
  return 2 * 6371.0088 * Math.asin(Math.sqrt(h));
}

/** Why a photo cannot be used. */
export function complaint(t, { error, message }, name) {
  return t("bad", { name, why: t.has(`bad_${error}`) ? t(`bad_${error}`) : message });
}

const isStrange = ({ novelty, limits }) => typeof limits?.novelty === "number" && novelty > limits.novelty;
