// Scores of photos in; answers as Prediction.to_dict of flaneur tells them out. The arithmetic of flaneur.predict and
// flaneur.fusion.

/** Log probabilities of scores: stays finite where a probability is almost 0. */
export function logSoftmax(scores) {
  const highest = Math.max(...scores);
  const total = Math.log(scores.reduce((sum, score) => sum + Math.exp(score - highest), 0));
  return Array.from(scores, (score) => score - highest - total);
}

/** Answers: one a photo, or one for all where they are views of one place. Photos that failed stand for themselves.
 * @param {object} model what model.json says
 * @param {object[]} found per photo: index, and logits, novelty, attention, gps, sha256, name, or error and message
 * @param {{views?: boolean, cities?: string[], top?: number}} wishes
 */
export function answersOf(model, found, { views = false, cities, top } = {}) {
  const chosen = choice(model, cities);
  const good = found.filter(({ error }) => !error);
  const failed = found.filter(({ error }) => error).map(({ index, error, message }) => ({ index: [index], error, message }));
  const places = views ? [good] : good.map((one) => [one]);
  const answers = places.filter((place) => place.length).map((place) => answer(model, place, chosen, top));
  return [...answers, ...failed].sort((one, other) => one.index[0] - other.index[0]);
}

function choice({ cities }, wanted) {
  if (!wanted?.length) return cities.map((_, index) => index);
  const unknown = wanted.find((slug) => !cities.some((city) => city.slug === slug));
  if (unknown) throw Object.assign(new Error(`The model knows no city ${unknown}.`), { code: "unknown_city" });
  return cities.flatMap(({ slug }, index) => (wanted.includes(slug) ? [index] : []));
}

function answer(model, views, chosen, top) {
  const prediction = predictionOf(model, views, chosen);
  return {
    ...prediction,
    ranking: prediction.ranking.slice(0, top),
    sha256: views.map(({ sha256 }) => sha256).filter(Boolean),
    index: views.map(({ index }) => index),
    limits: { novelty: model.abstain.novelty_threshold, probability: model.abstain.probability_threshold },
  };
}

/** What the model says of one place.
 * @param {object} model
 * @param {object[]} views logits, novelty, attention, gps, name of each; at least one
 * @param {number[]} chosen positions of the cities to choose among
 */
export function predictionOf(model, views, chosen) {
  const logs = views.map(({ logits }) => logSoftmax(Array.from(logits, (logit) => logit / model.temperature)));
  const weights = viewWeights(logs, views, model.fusion);
  const mixed = (rows) => chosen.map((city) => rows.reduce((sum, row, view) => sum + weights[view] * row[city], 0));
  const probability = logSoftmax(mixed(logs)).map(Math.exp);
  const order = chosen.map((_, place) => place).sort((one, other) => probability[other] - probability[one] || one - other);
  const ranking = order.map((place) => {
    const { slug, name, lat, lon } = model.cities[chosen[place]];
    return { city: slug, name, probability: rounded(probability[place], 6), lat, lon };
  });
  const novelty = views.reduce((sum, view) => sum + view.novelty, 0) / views.length;
  const reason = reasonOf(model, novelty, ranking[0].name, probability[order[0]]);
  return {
    photo: [...new Set(views.map(({ name }) => name).filter(Boolean))].join(", "),
    city: reason ? null : ranking[0].city,
    abstained: reason !== "",
    reason,
    novelty: rounded(novelty, 4),
    ranking,
    gps_in_file: views.find(({ gps }) => gps)?.gps ?? null,
    views: views.length,
    model: model.title,
  };
}

/** How much each view of a place counts; together 1. See flaneur.fusion. */
function viewWeights(logs, views, fusion) {
  const raw = { attention, confidence }[fusion]?.(logs, views) ?? logs.map(() => 1);
  const sum = raw.reduce((total, one) => total + one, 0);
  return raw.map((one) => (sum > 0 ? one / sum : 1 / raw.length));
}

function attention(logs, views) {
  const highest = Math.max(...views.map((view) => view.attention));
  return views.map((view) => Math.exp(view.attention - highest));
}

function confidence(logs) {
  const most = Math.log(logs[0].length);
  if (most === 0) return logs.map(() => 1);
  return logs.map((row) => Math.min(1, Math.max(0, 1 + row.reduce((sum, log) => sum + Math.exp(log) * log, 0) / most)));
}

function reasonOf({ abstain, cities }, novelty, name, probability) {
  const { novelty_method: method, novelty_threshold: limit, probability_threshold: least } = abstain;
  if (method && limit !== null && novelty > limit) {
    return `It looks unlike the photos of the ${cities.length} cities this model knows (novelty ${novelty.toFixed(2)}, limit ${limit.toFixed(2)}).`;
  }
  if (probability < least) {
    const [first, most] = [probability, least].map((share) => `${(100 * share).toFixed(0)}%`);
    return `No city is probable enough: ${name} comes first with ${first}, the limit is ${most}.`;
  }
  return "";
}

export const rounded = (value, digits) => Math.round(value * 10 ** digits) / 10 ** digits;
