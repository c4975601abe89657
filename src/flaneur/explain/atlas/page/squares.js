"use strict";
// Small pictures of the photos, decoded when the page is open and idle.
const atlasSquares = (() => {
  function open(data, ready) {
    const { px, across } = data.sheets;
    const each = across * across;
    const missing = new Set(data.sheets.missing);
    const bitmaps = [];

    async function load() {
      for (const [number, element] of [...document.querySelectorAll(".atlas-sheet")].entries()) {
        const image = new Image();
        image.src = `data:image/jpeg;base64,${element.textContent}`;
        await image.decode();
        bitmaps[number] = await createImageBitmap(image);
        element.remove();
        ready();
        await new Promise((resume) => setTimeout(resume, 30));
      }
    }

    const has = (row) => !missing.has(row) && bitmaps[Math.floor(row / each)] !== undefined;

    function draw(context, row, left, top, size) {
      const place = row % each;
      const [column, line] = [place % across, Math.floor(place / across)];
      context.drawImage(bitmaps[Math.floor(row / each)], column * px, line * px, px, px, left, top, size, size);
    }

    // A canvas of its own, for lists and cards.
    function element(row) {
      const canvas = document.createElement("canvas");
      canvas.width = canvas.height = px;
      if (has(row)) draw(canvas.getContext("2d"), row, 0, 0, px);
      return canvas;
    }

    return { px, has, draw, element, load };
  }

  const none = { px: 0, has: () => false, draw: () => {}, element: () => document.createElement("canvas"), load: async () => {} };
  return { open: (data, ready) => (data.sheets ? open(data, ready) : none) };
})();
