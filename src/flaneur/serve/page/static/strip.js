// Photos and their answers in; a row of small pictures to choose among out.
import { pictureOf } from "./files.js";
import { sureness, verdict } from "./words.js";

const pictures = new WeakMap(); // drawn once a file, so that nothing flickers when another one is chosen

/** Draws the row anew.
 * @param {HTMLElement} list
 * @param {{files: File[], answers: object[], shown: number, t: Function, onChoose: (answer: number) => void}} about
 *   with one answer for all photos, the row is no choice but shows what was looked at
 */
export function drawStrip(list, { files, answers, shown, t, onChoose }) {
  const had = list.contains(document.activeElement);
  const owner = new Map(answers.flatMap((answer, which) => answer.index.map((file) => [file, which])));
  list.replaceChildren(...files.map((file, index) => item(file, index)));
  if (had) list.querySelector("[aria-current]")?.focus();

  function item(file, index) {
    const which = owner.get(index);
    const answer = answers[which];
    const one = document.createElement("li");
    const box = document.createElement(answers.length > 1 ? "button" : "span");
    const under = document.createElement("span");
    const picture = small(file);
    picture.alt = t("photo_of", { n: index + 1, name: file.name });
    under.textContent = answer?.error ? t("unreadable") : answers.length > 1 && answer ? verdict(t, answer) : "";
    box.className = answer && !answer.error ? sureness(answer) : "failed";
    box.append(picture, under);
    if (answers.length > 1) {
      box.type = "button";
      box.addEventListener("click", () => onChoose(which));
      if (which === shown) box.setAttribute("aria-current", "true");
    }
    one.append(box);
    return one;
  }
}

function small(file) {
  if (!pictures.has(file)) {
    const picture = pictureOf(file);
    picture.addEventListener("error", () => picture.classList.add("broken"));
    for (const end of ["load", "error"]) picture.addEventListener(end, () => URL.revokeObjectURL(picture.src));
    pictures.set(file, picture);
  }
  return pictures.get(file);
}
