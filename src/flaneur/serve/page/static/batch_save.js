// Jobs with their answers in; a CSV table or a GeoJSON map of them, as a file of the visitor's, out.

const COLUMNS = [
  "photo", "city", "first", "abstained", "probability", "second", "second_probability", "reason", "views",
  "city_lat", "city_lon", "gps_in_file_lat", "gps_in_file_lon", "sha256", "model", "model_hash", "error",
];

/** RFC 4180; a cell that a spreadsheet would take for a formula gets an apostrophe. */
export const csv = (jobs) => [COLUMNS, ...jobs.map((job) => COLUMNS.map((name) => facts(job)[name]))].map((row) => row.map(cell).join(",")).join("\r\n") + "\r\n";

/** RFC 7946: a point in the middle of the city that each answer names; where there is none, the geometry is null. */
export function geojson(jobs) {
  const features = jobs.map((job) => {
    const { city_lat: lat, city_lon: lon, ...properties } = facts(job);
    const geometry = typeof lat === "number" ? { type: "Point", coordinates: [lon, lat] } : null;
    return { type: "Feature", geometry, properties };
  });
  return `${JSON.stringify({ type: "FeatureCollection", features }, null, 1)}\n`;
}

/** Hands a text to the browser as a download. */
export function download(name, type, text) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

function facts({ path, answer }) {
  if (!answer || answer.error) return { photo: path, error: answer ? `${answer.error}: ${answer.message}` : "not asked" };
  const [first, second] = answer.ranking;
  const named = !answer.abstained;
  return {
    photo: path, city: answer.city ?? null, first: first.city, abstained: answer.abstained, probability: first.probability,
    second: second?.city ?? null, second_probability: second?.probability ?? null, reason: answer.reason, views: answer.views,
    city_lat: (named ? first.lat : null) ?? null, city_lon: (named ? first.lon : null) ?? null,
    gps_in_file_lat: answer.gps_in_file?.lat ?? null, gps_in_file_lon: answer.gps_in_file?.lon ?? null,
    sha256: answer.sha256, model: answer.model, model_hash: answer.model_hash, error: null,
  };
}

function cell(value) {
  const text = String(value ?? "");
  const safe = typeof value === "string" && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
