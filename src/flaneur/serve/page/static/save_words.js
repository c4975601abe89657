// A result's facts in; the same in words and rows, as a saved picture and page show them, out.
import { texts } from "./texts.js";
import { tellTrust, tellWhere } from "./why_words.js";
import { meaning, orElse, verdict } from "./words.js";

/**
 * @returns {Promise<{title: string, lead: string[], rows: {name: string, share: number, text: string}[],
 *   why: {title: string, colours: string, where: string, verdict: string, lines: string[]}|null, others: string[],
 *   facts: [string, string][]}>}
 */
export async function story(facts, t) {
  const { answer } = facts;
  const tPhoto = await texts("photo");
  return {
    title: verdict(tPhoto, answer),
    lead: [fused(tPhoto, answer), meaning(tPhoto, answer), orElse(tPhoto, answer)].filter(Boolean),
    rows: answer.ranking.map(({ name, probability }) => ({ name, share: probability, text: t.percent(probability) })),
    why: facts.why && (await reasons(facts.why, t)),
    others: facts.other_models.map((one) => `${one.model}: ${verdict(tPhoto, one)}`),
    facts: rowsOf(facts, t),
  };
}

const fused = (t, { views }) => (views > 1 ? t("fused", { n: views }) : "");

async function reasons(why, t) {
  const tWhy = await texts("why");
  const nameOf = (slug) => why.prediction.ranking.find(({ city }) => city === slug)?.name ?? slug;
  const named = { city: nameOf(why.city), against: why.against && nameOf(why.against) };
  const trust = [...tellTrust(tWhy, why, named).children];
  const [trusted, ...numbers] = trust.map((part) => part.textContent);
  return {
    title: t(named.against ? "why_against" : "why", named),
    colours: t(named.against ? "colours_against" : "colours", named),
    where: tellWhere(tWhy, why, named).textContent.trim(),
    verdict: trusted,
    lines: why.trust === "unchecked" ? [] : numbers,
  };
}

function rowsOf({ photos, model, made_at: made, answer, why }, t) {
  const rows = photos.flatMap(({ name, sha256, bytes }) => [
    [t("photo"), `${name} (${t.number(bytes)} bytes)`],
    ["SHA-256", sha256 ?? "–"],
  ]);
  rows.push([t("model"), `${model.name} ${model.version}`], [t("hash"), model.hash ?? "–"], [t("made"), `${made.slice(0, 19).replace("T", " ")} UTC`]);
  rows.push([t("novelty"), t.number(answer.novelty, 2)]);
  if (answer.nearest) rows.push([t("nearest"), neighbours(answer)]);
  if (why) rows.push([t("method"), why.method]);
  if (answer.gps_in_file) {
    const { lat, lon } = answer.gps_in_file;
    rows.push([t("gps"), `${lat}, ${lon}`]);
  }
  return rows;
}

function neighbours({ nearest, ranking }) {
  const nameOf = (slug) => ranking.find(({ city }) => city === slug)?.name ?? slug;
  return nearest.cities.map(({ city, count }) => `${count} ${nameOf(city)}`).join(", ");
}
