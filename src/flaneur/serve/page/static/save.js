// A photo, its answers and a map of it in; a picture, JSON or a page without links to keep, out.
import { make } from "./make.js";
import { texts } from "./texts.js";

const WRITERS = {
  picture: () => import("./save_picture.js"),
  json: () => import("./save_json.js"),
  page: () => import("./save_page.js"),
};

/**
 * Buttons that save the result: as a picture, as JSON, as an HTML page without links or scripts.
 * Everything already in the container is replaced. Words are this module's own (texts/save.json).
 *
 * @param {HTMLElement} container
 * @param {{files: File[], answer: object, model: object, why?: () => object|null, others?: () => object[]}} about -
 *   the views of one place (or one photo), their answer, the model that gave it; why: `found` of showWhy; others:
 *   `found` of showCompare
 */
export async function showSave(container, { files, answer, model, why = () => null, others = () => [] }) {
  const t = await texts("save");
  const status = make("p", { class: "note", role: "status" });
  const position = make("input", { type: "checkbox" });
  const stem = (files[0].name || "photo").replace(/\.[^.]*$/, "");

  async function save(kind) {
    delete status.dataset.text;
    status.replaceChildren();
    try {
      const [{ gather }, { write }] = await Promise.all([import("./save_facts.js"), WRITERS[kind]()]);
      const facts = gather({ files, answer, model, why: why(), others: others(), position: position.checked });
      const { blob, ending } = await write(facts, files, t);
      hand(blob, `flaneur-${stem}.${ending}`);
      t.put(status, "saved", { name: `flaneur-${stem}.${ending}` });
    } catch (error) {
      t.put(status, "failed", { message: error.message });
    }
  }

  const button = (kind) => t.put(make("button", { type: "button", on: { click: () => save(kind) } }), kind);
  container.replaceChildren(
    t.put(make("h2"), "title"),
    make("div", { class: "tools" }, ...Object.keys(WRITERS).map(button)),
    answer.gps_in_file && make("label", { class: "of save-position" }, position, t.put(make("span"), "position")) || "",
    status,
  );
}

/** Hands a file to the visitor's own downloads. */
function hand(blob, name) {
  const address = URL.createObjectURL(blob);
  make("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
