"use strict";
// Columns to colours, in light and dark; told apart by the colour-blind where there are few.
const atlasColours = (() => {
  const few = {
    light: ["#0072b2", "#d55e00", "#009e73", "#c2609a", "#b8860b", "#4aa3df", "#6a4fb3", "#7f7f2a"],
    dark: ["#4aa3e0", "#f08a4b", "#2fc79a", "#e594c2", "#e6b84a", "#8fd0ff", "#ab95ea", "#c2c25a"],
  };
  const ramp = [[68, 1, 84], [59, 82, 139], [33, 145, 140], [94, 201, 98], [253, 231, 37]]; // viridis
  const ends = { light: [0, 0.86], dark: [0.22, 1] };
  const dot = document.createElement("canvas").getContext("2d", { willReadFrequently: true });

  const scheme = () => (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  // Any colour that CSS knows, as 0xAABBGGRR.
  function packed(colour) {
    dot.fillStyle = colour;
    dot.fillRect(0, 0, 1, 1);
    const [red, green, blue] = dot.getImageData(0, 0, 1, 1).data;
    return (0xff000000 | (blue << 16) | (green << 8) | red) >>> 0;
  }

  function ofNames(column) {
    const count = column.names.length;
    if (column.kind === "verdict") return ["--good", "--bad", "--soft"].map(css).concat(few[scheme()][6]);
    if (count <= few.light.length) return few[scheme()].slice(0, count);
    const light = scheme() === "dark" ? [76, 64] : [45, 62];
    return column.names.map((_, code) => `oklch(${light[code % 2]}% 0.14 ${Math.round((code * 360) / count)})`);
  }

  function onRamp(share) {
    const [low, high] = ends[scheme()];
    const at = (low + share * (high - low)) * (ramp.length - 1);
    const step = Math.min(ramp.length - 2, Math.floor(at));
    const mixed = ramp[step].map((from, part) => Math.round(from + (at - step) * (ramp[step + 1][part] - from)));
    return `rgb(${mixed.join(" ")})`;
  }

  return { css, packed, ofNames, onRamp };
})();
