// A photo and its answer in; what in the photo speaks for a city, as a map to fade in over it, out.

/**
 * Show why: photo and map with a slider between them, and choices of city, contrast city and method.
 * Everything already in the container is replaced. Words are this module's own (texts/why.json).
 *
 * @param {HTMLElement} container
 * @param {{files: File[], answer: object, model: object}} about - one photo, or the views of one place that can be chosen
 *   among; their answer from api.predict; the model
 *   that gave it, from api.models
 * @returns {Promise<{found: () => object|null, close: () => void}>} found: the last map from api.explain, for saving;
 *   close: stop asking, and let go of the pictures
 */
export async function showWhy(container, { files, answer, model }) {
  container.replaceChildren();
  void [files, answer, model];
  return { found: () => null, close: () => {} };
}
