// What the page knows of a result in; what is kept of it, as plain values, out.

/**
 * @param {{files: File[], answer: object, model: object, why: object|null, others: object[], position: boolean}} known
 *   position: whether the position that a photo's file claims is kept
 * @returns {object} what the JSON file holds; picture and page show the same
 */
export function gather({ files, answer, model, why, others, position }) {
  const { sha256 = [], index = [], ...said } = answer;
  void index;
  const kept = position ? (one) => one : withoutPosition;
  return {
    made_by: "flaneur",
    made_at: new Date().toISOString(),
    photos: files.map((file, number) => ({ name: file.name, bytes: file.size, sha256: sha256[number] ?? null })),
    model: { name: model.name, version: model.version, hash: model.hash ?? null },
    answer: kept(said),
    why: why && { ...why, prediction: why.prediction && kept(why.prediction) },
    other_models: others.filter((one) => one.model !== answer.model).map(kept),
  };
}

function withoutPosition({ gps_in_file, ...rest }) {
  void gps_in_file;
  return rest;
}
