// A result's facts and photos in; one picture to pass on, out.
import { blank, encoded, mapOver, photoOf } from "./save_draw.js";
import { story } from "./save_words.js";

const WIDTH = 1080;
const MARGIN = 48;
const GAP = 24;
const INSIDE = WIDTH - 2 * MARGIN;
const TALLEST = 1200;
const SHOWN = 5;
const LETTERS = "system-ui, 'Segoe UI', Roboto, 'Noto Sans', sans-serif";
const HEADING = "Georgia, 'Iowan Old Style', 'Noto Serif', serif";
const INK = "#1b2422";
const SOFT = "#58635f";
const GOOD = "#0d6e68";
const TRACK = "#e9ebe4";
const PAPER = "#fbfaf6";

/** @returns {Promise<{blob: Blob, ending: string}>} */
export async function write(facts, files, t) {
  const told = await story(facts, t);
  const view = facts.why?.view ?? 0;
  const photo = await photoOf(files[view], 1600);
  const map = photo && facts.why ? await mapOver(photo, facts.why.overlay) : null;
  const steps = [
    line(told.title, 600, 52, INK, HEADING),
    ...told.lead.map((text) => line(text, 400, 28, SOFT)),
    pictures([photo, map].filter(Boolean)),
    map && line(`${told.why.colours} ${told.why.verdict}.`, 400, 24, SOFT),
    ...told.rows.slice(0, SHOWN).map(bar),
    ...told.others.map((text) => line(text, 400, 26, INK)),
    line(origin(facts), 400, 22, SOFT),
    ...facts.photos.map(({ name, sha256 }) => line(`${name} · SHA-256 ${short(sha256)}`, 400, 22, SOFT)),
    facts.answer.gps_in_file && line(told.facts.at(-1).join(": "), 400, 22, SOFT),
    line(t("no_proof"), 400, 22, SOFT),
  ].filter(Boolean);
  const measure = blank(1, 1).getContext("2d");
  const heights = steps.map((step) => step.height(measure));
  const sheet = blank(WIDTH, Math.ceil(heights.reduce((sum, height) => sum + height + GAP, 2 * MARGIN - GAP)));
  const pen = sheet.getContext("2d");
  pen.fillStyle = PAPER;
  pen.fillRect(0, 0, sheet.width, sheet.height);
  let top = MARGIN;
  steps.forEach((step, index) => {
    step.draw(pen, top);
    top += heights[index] + GAP;
  });
  return { blob: await encoded(sheet, "image/png"), ending: "png" };
}

const short = (hash) => (hash ? `${hash.slice(0, 12)}…` : "–");
const origin = ({ model: { name, version, hash }, made_at: made }) => `${name} ${version} (${short(hash)}) · ${made.slice(0, 10)}`;

/** Words, broken into as many lines as they need. */
function line(text, weight, size, colour, letters = LETTERS) {
  const font = `${weight} ${size}px ${letters}`;
  const broken = (pen) => {
    pen.font = font;
    return text.split(" ").reduce(
      (lines, word) => {
        const longer = `${lines.at(-1)} ${word}`.trim();
        return pen.measureText(longer).width <= INSIDE || !lines.at(-1)
          ? [...lines.slice(0, -1), longer]
          : [...lines, word];
      },
      [""],
    );
  };
  return {
    height: (pen) => broken(pen).length * size * 1.3,
    draw: (pen, top) => {
      broken(pen).forEach((words, row) => {
        pen.fillStyle = colour;
        pen.textBaseline = "top";
        pen.fillText(words, MARGIN, top + row * size * 1.3, INSIDE);
      });
    },
  };
}

/** One or two pictures side by side. */
function pictures(shown) {
  if (!shown.length) return null;
  const width = (INSIDE - GAP * (shown.length - 1)) / shown.length;
  const scale = Math.min(width / shown[0].width, TALLEST / shown[0].height);
  const size = [shown[0].width * scale, shown[0].height * scale];
  return {
    height: () => size[1],
    draw: (pen, top) => shown.forEach((one, index) => pen.drawImage(one, MARGIN + index * (width + GAP), top, ...size)),
  };
}

/** A city's name, bar and probability. */
function bar({ name, share, text }) {
  const [left, right] = [300, 130];
  const longest = INSIDE - left - right;
  return {
    height: () => 34,
    draw: (pen, top) => {
      pen.textBaseline = "top";
      pen.font = `400 27px ${LETTERS}`;
      pen.fillStyle = INK;
      pen.fillText(name, MARGIN, top, left - GAP);
      pen.textAlign = "right";
      pen.fillText(text, WIDTH - MARGIN, top);
      pen.textAlign = "left";
      pen.fillStyle = TRACK;
      pen.fillRect(MARGIN + left, top + 6, longest, 20);
      pen.fillStyle = GOOD;
      pen.fillRect(MARGIN + left, top + 6, Math.max(2, longest * share), 20);
    },
  };
}
