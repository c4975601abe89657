"use strict";
// Discs, pixel by pixel: twenty thousand take a few milliseconds on any computer, with or without a graphics card.
const atlasPoints = (() => {
  const stamps = new Map();

  // Offsets of the pixels that a disc covers wholly, and of those at its rim with how much of each it covers.
  function stampOf(radius, width) {
    const key = `${radius}/${width}`;
    if (stamps.has(key)) return stamps.get(key);
    const reach = Math.ceil(radius + 0.5);
    const [whole, rim, cover] = [[], [], []];
    for (let dy = -reach; dy <= reach; dy++) {
      for (let dx = -reach; dx <= reach; dx++) {
        const share = Math.min(1, Math.max(0, radius + 0.5 - Math.hypot(dx, dy)));
        if (share === 1) whole.push(dy * width + dx);
        else if (share > 0.05) {
          rim.push(dy * width + dx);
          cover.push(Math.round(share * 256));
        }
      }
    }
    const made = { reach, whole: Int32Array.from(whole), rim: Int32Array.from(rim), cover: Int32Array.from(cover) };
    if (stamps.size > 40) stamps.clear();
    stamps.set(key, made);
    return made;
  }

  // One after the other, so the last lie on top. Colours are 0xAABBGGRR, as a canvas keeps them.
  function discs(pixels, [width, height], points, view, radius) {
    const { rows, count, x, y, colours } = points;
    const { reach, whole, rim, cover } = stampOf(Math.round(radius * 2) / 2, width);
    for (let number = 0; number < count; number++) {
      const row = rows[number];
      const across = Math.round(x[row] * view.scale + view.left);
      const down = Math.round(y[row] * view.scale + view.top);
      if (across < reach || down < reach || across >= width - reach || down >= height - reach) continue;
      const at = down * width + across;
      const colour = colours[row];
      for (let index = 0; index < whole.length; index++) pixels[at + whole[index]] = colour;
      const [red, green, blue] = [colour & 255, (colour >> 8) & 255, (colour >> 16) & 255];
      for (let index = 0; index < rim.length; index++) {
        const below = pixels[at + rim[index]];
        const share = cover[index];
        const rest = 256 - share;
        pixels[at + rim[index]] =
          (((red * share + (below & 255) * rest) >> 8) |
            (((green * share + ((below >> 8) & 255) * rest) >> 8) << 8) |
            (((blue * share + ((below >> 16) & 255) * rest) >> 8) << 16) |
            0xff000000) >>>
          0;
      }
    }
  }

  // Whether each point lies inside a closed line; by how often a ray to the right crosses it.
  function inside(line, x, y) {
    let within = false;
    for (let now = 0, last = line.length - 1; now < line.length; last = now++) {
      const [ax, ay] = line[now];
      const [bx, by] = line[last];
      if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) within = !within;
    }
    return within;
  }

  return { discs, inside };
})();
