// A result's facts and photos in; one HTML file without links or scripts, its pictures within it, out.
import { encoded, mapOver, photoOf } from "./save_draw.js";
import { story } from "./save_words.js";
import { language } from "./texts.js";

const LONGEST_PX = 1280;
const STYLE = `
:root { color-scheme: light dark; --ink: #1b2422; --soft: #58635f; --line: #dcdfd7; --good: #0d6e68; --paper: #fbfaf6; }
@media (prefers-color-scheme: dark) { :root { --ink: #e7ece8; --soft: #a3afaa; --line: #2d3634; --good: #54bdb2; --paper: #121716; } }
body { max-width: 50rem; margin: 0 auto; padding: 2rem 1rem 4rem; background: var(--paper); color: var(--ink); font: 1rem/1.55 system-ui, sans-serif; }
h1 { font: 600 2rem/1.2 Georgia, serif; margin: 0 0 .25rem; } h2 { font: 600 1.25rem/1.3 Georgia, serif; margin: 2rem 0 .5rem; }
img { max-width: 100%; height: auto; display: block; border-radius: 4px; } figure { margin: 1rem 0; }
figcaption, .soft { color: var(--soft); font-size: .9rem; }
.pictures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 18rem), 1fr)); gap: 1rem; align-items: start; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; padding: .3rem .75rem .3rem 0; border-bottom: 1px solid var(--line); vertical-align: top; overflow-wrap: anywhere; }
th { font-weight: 400; width: 30%; overflow-wrap: break-word; } .num { white-space: nowrap; text-align: right; padding-right: 0; } .bar { width: 50%; vertical-align: middle; } .bar div { print-color-adjust: exact; height: .7rem; border-radius: 3px; background: var(--good); min-width: 2px; }
`;

/** @returns {Promise<{blob: Blob, ending: string}>} */
export async function write(facts, files, t) {
  const told = await story(facts, t);
  const photos = (await Promise.all(files.map((file) => photoOf(file, LONGEST_PX)))).filter(Boolean);
  const figures = [];
  for (const photo of photos) figures.push(figure(await address(photo), t("alt_photo"), ""));
  if (told.why) {
    const photo = await photoOf(files[facts.why.view ?? 0], LONGEST_PX);
    const over = photo && (await mapOver(photo, facts.why.overlay));
    if (over) figures.push(figure(await address(over), told.why.title, told.why.colours));
  }
  const page = `<!doctype html>
<html lang="${language()}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>${safe(told.title)} · flaneur</title><style>${STYLE}</style></head>
<body><main><h1>${safe(told.title)}</h1>${paragraphs(told.lead)}
<div class="pictures">${figures.join("")}</div>
<h2>${safe(t("cities"))}</h2><table>${told.rows.map(bar).join("")}</table>
${told.why ? `<h2>${safe(told.why.title)}</h2>${paragraphs([told.why.where])}<p><strong>${safe(told.why.verdict)}</strong></p>${paragraphs(told.why.lines)}` : ""}
${told.others.length ? `<h2>${safe(t("others"))}</h2>${paragraphs(told.others)}` : ""}
<h2>${safe(t("facts"))}</h2><table>${told.facts.map(row).join("")}</table>
<p class="soft">${safe(t("no_proof"))}</p></main></body></html>
`;
  return { blob: new Blob([page], { type: "text/html" }), ending: "html" };
}

const safe = (text) => String(text).replace(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`);
const paragraphs = (lines) => lines.map((line) => `<p>${safe(line)}</p>`).join("");
const row = ([name, value]) => `<tr><th scope="row">${safe(name)}</th><td>${safe(value)}</td></tr>`;
const bar = ({ name, share, text }) =>
  `<tr><th scope="row">${safe(name)}</th><td class="bar"><div style="width:${(100 * share).toFixed(2)}%"></div></td><td class="num">${safe(text)}</td></tr>`;
const figure = (source, alt, caption) =>
  `<figure><img src="${source}" alt="${safe(alt)}">${caption ? `<figcaption>${safe(caption)}</figcaption>` : ""}</figure>`;

async function address(canvas) {
  const blob = await encoded(canvas);
  return new Promise((give, fail) => {
    const reader = new FileReader();
    reader.onload = () => give(reader.result);
    reader.onerror = () => fail(reader.error);
    reader.readAsDataURL(blob);
  });
}
