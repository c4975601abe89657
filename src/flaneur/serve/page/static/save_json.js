// A result's facts in; a JSON file of them out.

/** @returns {Promise<{blob: Blob, ending: string}>} */
export async function write(facts) {
  const { why, ...rest } = facts;
  const { overlay, ...map } = why ?? {};
  void overlay; // a picture of the map, which the map's own numbers give again
  const text = JSON.stringify({ ...rest, why: why ? map : null }, null, 1);
  return { blob: new Blob([`${text}\n`], { type: "application/json" }), ending: "json" };
}
