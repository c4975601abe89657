// Jobs with their answers in; rows of a table that can be filtered and sorted, with small pictures, out.
import { make } from "./make.js";
import { complaint, sureness } from "./words.js";

const SHOWN = 100; // rows at a time
const SMALL_PX = 96;
const COLUMNS = ["photo", "answer", "probability", "second", "gps"];

const COMPARE = {
  photo: (one, other) => one.path.localeCompare(other.path, undefined, { numeric: true }),
  answer: (one, other) => rank(one).localeCompare(rank(other)),
  probability: (one, other) => certainty(other) - certainty(one),
  second: (one, other) => (other.answer?.ranking?.[1]?.probability ?? -1) - (one.answer?.ranking?.[1]?.probability ?? -1),
  gps: (one, other) => Number(Boolean(other.answer?.gps_in_file)) - Number(Boolean(one.answer?.gps_in_file)),
};

const certainty = ({ answer }) => answer?.ranking?.[0].probability ?? -1;
const rank = ({ answer }) => (!answer || answer.error ? "2" : answer.abstained ? "1" : `0${answer.ranking[0].name}`);

/** The table.
 * @param {{head: HTMLElement, rows: HTMLElement, more: HTMLButtonElement, count: HTMLElement}} parts
 * @param {{t: Function, words: Function, onAgain: () => void}} how t: of this page; words: of the photo page
 * @returns {{show: (jobs: object[], wishes: {text: string, only: string}) => object[]}} what is shown and saved
 */
export function table({ head, rows, more, count }, { t, words, onAgain }) {
  const state = { by: "photo", down: false, most: SHOWN };
  const seen = new IntersectionObserver((found) => {
    for (const { isIntersecting, target } of found) {
      if (!isIntersecting) continue;
      seen.unobserve(target);
      draw(target);
    }
  });

  function heads() {
    const focused = [...head.children].findIndex((cell) => cell.contains(document.activeElement));
    head.replaceChildren(...COLUMNS.map((name) => {
      const sign = state.by === name ? (state.down ? " ▾" : " ▴") : "";
      const click = () => {
        state.down = state.by === name && !state.down;
        state.by = name;
        onAgain();
      };
      const cell = make("th", { scope: "col" }, make("button", { type: "button", class: "quiet", on: { click } }, t(`column_${name}`) + sign));
      if (state.by === name) cell.setAttribute("aria-sort", state.down ? "descending" : "ascending");
      return cell;
    }));
    head.children[focused]?.firstChild.focus();
  }

  function show(jobs, { text, only }) {
    heads();
    const chosen = jobs.filter((job) => fits(job, text, only)).sort(COMPARE[state.by]);
    if (state.down) chosen.reverse();
    rows.replaceChildren(...chosen.slice(0, state.most).map(row));
    more.hidden = chosen.length <= state.most;
    more.textContent = t("more", { n: Math.min(SHOWN, chosen.length - state.most) });
    count.textContent = chosen.length ? t("shown", { n: Math.min(state.most, chosen.length), all: chosen.length }) : t("no_match");
    return chosen;
  }

  function row(job) {
    const { answer } = job;
    const name = make("td", { class: "photo" }, (job.small ??= small(job)), make("span", {}, job.path));
    if (!answer) return make("tr", {}, name, make("td", { colspan: 4, class: "soft" }, t("waiting")));
    if (answer.error) {
      const why = t.has(answer.error) ? t(answer.error) : complaint(words, answer, t("it"));
      return make("tr", { class: "failed" }, name, make("td", { colspan: 4 }, why));
    }
    const [first, second] = answer.ranking;
    const verdict = answer.abstained ? t("none") : first.name;
    const gps = answer.gps_in_file;
    return make(
      "tr", { class: sureness(answer) }, name,
      make("td", {}, make("strong", {}, verdict), make("small", {}, answer.abstained ? ` ${t("most_like", { city: first.name })}` : "")),
      make("td", { class: "num" }, t.percent(first.probability)),
      make("td", { "data-column": t("column_second") }, second ? `${second.name} ${t.percent(second.probability)}` : ""),
      make("td", { "data-column": t("column_gps") }, gps ? `${t.number(gps.lat, 4)} / ${t.number(gps.lon, 4)}` : ""),
    );
  }

  /** Kept with its job: the rows are drawn anew with every answer. */
  function small(job) {
    const canvas = make("canvas", { width: 0, height: 0, "aria-hidden": "true" });
    canvas.job = job;
    seen.observe(canvas);
    return canvas;
  }

  more.addEventListener("click", () => {
    state.most += SHOWN;
    onAgain();
  });
  return { show, first: () => (state.most = SHOWN) };
}

const fits = ({ path, answer }, text, only) =>
  (!text || path.toLowerCase().includes(text) || Boolean(answer?.ranking?.[0].name.toLowerCase().includes(text))) &&
  (!only || keyOf(answer) === only);

/** What an answer counts as: a city's slug, "none", "failed" or "waiting". */
export function keyOf(answer) {
  if (!answer) return "waiting";
  return answer.error ? "failed" : answer.abstained ? "none" : answer.city;
}

/** A small picture, drawn once it comes into view. */
async function draw(canvas) {
  try {
    const picture = await createImageBitmap(await canvas.job.open(), { resizeHeight: SMALL_PX, resizeQuality: "medium" });
    [canvas.width, canvas.height] = [Math.min(picture.width, 2 * SMALL_PX), picture.height];
    canvas.getContext("2d").drawImage(picture, (canvas.width - picture.width) / 2, 0);
    picture.close();
  } catch {
    canvas.classList.add("broken");
  }
}
