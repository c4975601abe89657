// A game and a player's doings in; what the server says of them out. The seat is kept for this window alone.
import { get, post } from "./api.js";

const KEPT = "seat";
const CLOSED = ["wrong_join_code", "not_let_in"]; // with these a seat is lost for good

/** Whether a game is an experiment, in which nothing may tell and nothing may lead astray. */
export const isExperiment = (game) => game.training_rounds > 0 || !game.tells;

/** What can be played here: games, datasets, models. */
export const offers = () => get("v1/games");

/** Makes a game of a dataset. */
export const makeGame = (wanted) => post("v1/games", wanted);

/** What game a join code opens. */
export const invitation = (join_code) => post("v1/games/invitation", { join_code });

/** Leaderboard of a game, for whoever watches it. */
export const standingsOf = (join_code) => post("v1/games/standings", { join_code });

/** Takes a seat, or takes it again, and keeps it for this window. */
export async function sit({ join_code, ...who }) {
  const seat = await post("v1/games/seats", { join_code, ...who });
  sessionStorage.setItem(KEPT, JSON.stringify({ seat: seat.seat, join_code, code: seat.code }));
  return { ...seat, join_code };
}

/** The seat of this window, if it has one: asked for by its key or, after the server was started again, by its code. */
export async function kept() {
  const found = JSON.parse(sessionStorage.getItem(KEPT) ?? "null");
  if (!found) return null;
  try {
    return { ...(await get("v1/games/seat", seated(found.seat))), join_code: found.join_code };
  } catch (error) {
    if (error.code !== "no_seat") throw error;
  }
  try {
    return await sit({ join_code: found.join_code, code: found.code, consent: true });
  } catch (error) {
    if (!CLOSED.includes(error.code)) throw error;
    forget();
    return null;
  }
}

/** Asks from a seat; where the server was started anew since, it is taken again first. */
async function from(seat, ask) {
  try {
    return await ask(seated(seat.seat));
  } catch (error) {
    const anew = error.code === "no_seat" ? await kept() : null;
    if (!anew) throw error;
    seat.seat = anew.seat;
    return ask(seated(seat.seat));
  }
}

/** This window's seat is given up. */
export const forget = () => sessionStorage.removeItem(KEPT);

/** The next round, or null after the last. */
export const nextRound = async (seat) => (await from(seat, (how) => get("v1/games/seat/round", how))).round;

/** Answers a round: what is told of it, or null. */
export const answer = async (seat, guess) => (await from(seat, (how) => post("v1/games/seat/answers", guess, how))).feedback;

/** What in a view spoke for the model's first choice. */
export const heatmap = (seat, number, view) => from(seat, (how) => get(`v1/games/seat/rounds/${number}/heatmap?view=${view}`, how));

/** How it went. */
export const result = (seat) => from(seat, (how) => get("v1/games/seat/result", how));

/** The leaderboard, as the one in this seat sees it. */
export const standings = (seat) => from(seat, (how) => get("v1/games/seat/standings", how));

/** Address of a picture. */
export const pictureAt = (name) => `v1/games/pictures/${name}`;

const seated = (seat) => ({ headers: { "X-Seat": seat } });
