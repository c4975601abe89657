// Whatever somebody drops, pastes, chooses or photographs in; files out.

/** Takes files from anywhere on the page.
 * @param {{inputs: [HTMLInputElement, Function][], onFiles: (files: File[]) => void}} about inputs: each with what gets
 *   its files; onFiles: what gets those that are dropped or pasted
 */
export function takeFiles({ inputs, onFiles }) {
  const root = document.documentElement;
  let last = Promise.resolve();
  const inTurn = (found, act) => {
    last = Promise.all([found, last]).then(([files]) => void act(files)); // folders take a while to be listed
  };
  for (const [input, act] of inputs) {
    const given = () => {
      const files = [...input.files];
      input.value = ""; // so that the same file can be chosen again
      if (files.length) inTurn(files, act);
    };
    input.addEventListener("change", given);
    given(); // what was chosen before the page could listen
  }
  let depth = 0;
  const over = (step) => {
    depth = step ? Math.max(0, depth + step) : 0;
    root.classList.toggle("dropping", depth > 0);
  };
  const carries = (event) => event.dataTransfer?.types.includes("Files");
  root.addEventListener("dragenter", (event) => carries(event) && over(1));
  root.addEventListener("dragleave", (event) => carries(event) && over(-1));
  root.addEventListener("dragover", (event) => carries(event) && event.preventDefault());
  root.addEventListener("drop", (event) => {
    if (!carries(event)) return;
    event.preventDefault();
    over(0);
    inTurn(filesOf(event.dataTransfer).catch(() => []), onFiles); // none: what was dropped is gone
  });
  document.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length) inTurn(files, onFiles);
  });
}

/** The files of a drop, those below its folders too; hidden ones are passed over. */
export async function filesOf(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.some((entry) => entry.isDirectory)) return [...transfer.files];
  return (await Promise.all(entries.map(below))).flat();
}

async function below(entry) {
  if (entry.name.startsWith(".")) return [];
  if (entry.isFile) return [await new Promise((resolve, reject) => entry.file(resolve, reject))];
  const reader = entry.createReader();
  const found = [];
  for (;;) {
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject)); // at most 100 at a time
    if (!some.length) break;
    found.push(...some);
  }
  return (await Promise.all(found.map(below))).flat();
}

/** Whether a file may be a photo; what it really is, the server finds out. */
export const mayBePhoto = (file) => file.type.startsWith("image/") || /\.(jpe?g|png|webp|avif|hei[cf]|bmp|tiff?|gif)$/i.test(file.name);

/** An <img> of a file; let go of it with release(). */
export function pictureOf(file, alt = "") {
  const picture = document.createElement("img");
  picture.alt = alt;
  picture.decoding = "async";
  picture.src = URL.createObjectURL(file);
  return picture;
}

/** Lets go of the pictures below an element. */
export function release(element) {
  for (const picture of element.querySelectorAll('img[src^="blob:"]')) URL.revokeObjectURL(picture.src);
}
