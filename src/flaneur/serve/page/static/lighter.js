// Photos and the bytes there is room for in; the same photos out, smaller ones where they would not fit.

const LONGEST_PX = 1600; // several times what a network looks at

/** Photos that fit into a request together: as they are, or drawn smaller.
 * @param {File[]} files
 * @param {number} room in bytes
 * @returns {Promise<File[]>} in the same order; one that the browser cannot read stays as it is
 */
export async function lighter(files, room) {
  if (files.reduce((sum, { size }) => sum + size, 0) <= room) return files;
  const made = [];
  for (const file of files) made.push(await smaller(file).catch(() => file));
  return made;
}

async function smaller(file) {
  const picture = await createImageBitmap(file);
  const scale = Math.min(1, LONGEST_PX / Math.max(picture.width, picture.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(picture.width * scale);
  canvas.height = Math.round(picture.height * scale);
  const pen = canvas.getContext("2d");
  pen.imageSmoothingQuality = "high";
  pen.drawImage(picture, 0, 0, canvas.width, canvas.height);
  picture.close();
  const data = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.92));
  return new File([data], file.name, { type: "image/jpeg" });
}
