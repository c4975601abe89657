// Photos and maps in; them drawn for keeping, without anything that a file told beside its pixels, out.

const GREY = 0.75;
const MAP_SHOWN = 0.75;

/**
 * A photo as it is seen, no larger than needed.
 * @param {Blob} file
 * @param {number} longest side in pixels, at most
 * @returns {Promise<HTMLCanvasElement|null>} null: this browser cannot show it
 */
export async function photoOf(file, longest) {
  try {
    return drawn(await createImageBitmap(file), longest);
  } catch {
    return null;
  }
}

/**
 * A photo nearly in grey, the map's colours over it.
 * @param {HTMLCanvasElement} photo
 * @param {string} overlay data address of the colours
 */
export async function mapOver(photo, overlay) {
  const picture = new Image();
  picture.src = overlay;
  await picture.decode();
  const made = blank(photo.width, photo.height);
  const pen = made.getContext("2d");
  pen.drawImage(photo, 0, 0);
  pen.globalCompositeOperation = "saturation";
  pen.globalAlpha = GREY;
  pen.fillStyle = "#808080";
  pen.fillRect(0, 0, made.width, made.height);
  pen.globalCompositeOperation = "source-over";
  pen.globalAlpha = MAP_SHOWN;
  pen.drawImage(picture, 0, 0, made.width, made.height);
  return made;
}

/** @returns {Promise<Blob>} */
export const encoded = (canvas, type = "image/jpeg", quality = 0.85) =>
  new Promise((give, fail) =>
    canvas.toBlob((blob) => (blob ? give(blob) : fail(new Error("this browser cannot write pictures"))), type, quality),
  );

export function blank(width, height) {
  return Object.assign(document.createElement("canvas"), { width, height });
}

function drawn(bitmap, longest) {
  const scale = Math.min(1, longest / Math.max(bitmap.width, bitmap.height));
  const made = blank(Math.max(1, Math.round(bitmap.width * scale)), Math.max(1, Math.round(bitmap.height * scale)));
  const pen = made.getContext("2d");
  pen.imageSmoothingQuality = "high";
  pen.drawImage(bitmap, 0, 0, made.width, made.height);
  bitmap.close();
  return made;
}
