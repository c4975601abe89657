// Mouse, fingers, keys and buttons on a map in; where it should move, and where somebody points, out.

const STEP = 1.6; // of a button or a key
const SLOP_PX = 5; // a press that moves less is a click
const PAN_PX = 60;
const KEYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** Makes an element steer a view.
 * @param {HTMLElement} element
 * @param {{view: object, move: Function, fit: Function, place: Function, pick?: Function, t: Function}} map
 */
export function steer(element, { view, move, fit, place, pick, t }) {
  const fingers = new Map();
  let started = null;
  let moved = 0;
  element.tabIndex = 0;
  element.setAttribute("role", "application");
  element.dataset.label = pick ? "common.map_pick" : "common.map_help";
  element.setAttribute("aria-label", t(pick ? "map_pick" : "map_help"));
  element.classList.toggle("picks", Boolean(pick));
  element.append(keys());

  /** Zooms so that the spot under x, y stays where it is. */
  function zoom(factor, x = view.width / 2, y = view.height / 2) {
    const before = place(x, y);
    move({ scale: view.scale * factor });
    const after = place(x, y);
    move({ lon: view.lon + before.lon - after.lon, lat: view.lat + before.lat - after.lat });
  }

  function pan(right, down) {
    move({ lon: view.lon + right / view.scale, lat: view.lat - down / view.scale / view.stretch });
  }

  function keys() {
    const box = document.createElement("div");
    box.className = "keys";
    for (const [sign, key, act] of [["+", "zoom_in", () => zoom(STEP)], ["−", "zoom_out", () => zoom(1 / STEP)], ["⤢", "zoom_fit", fit]]) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = sign;
      button.dataset.label = `common.${key}`;
      button.setAttribute("aria-label", t(key));
      button.addEventListener("click", act);
      box.append(button);
    }
    return box;
  }

  const local = (event) => {
    const box = element.getBoundingClientRect();
    return [event.clientX - box.left - element.clientLeft, event.clientY - box.top - element.clientTop];
  };

  function press(event) {
    if (event.button || event.target.closest(".keys")) return;
    fingers.set(event.pointerId, local(event));
    [started, moved] = [local(event), fingers.size > 1 ? SLOP_PX : 0];
  }

  function drag(event) {
    const last = fingers.get(event.pointerId);
    if (!last) return;
    const now = local(event);
    const others = [...fingers].filter(([id]) => id !== event.pointerId).map(([, spot]) => spot);
    moved = Math.max(moved, Math.hypot(now[0] - started[0], now[1] - started[1]));
    if (moved >= SLOP_PX) {
      if (!element.hasPointerCapture(event.pointerId)) element.setPointerCapture(event.pointerId);
      element.classList.add("dragged");
      const part = others.length ? 2 : 1; // with two fingers, each moves the middle half as far
      pan((last[0] - now[0]) / part, (last[1] - now[1]) / part);
      if (others.length) {
        const far = (spot) => Math.max(20, Math.hypot(spot[0] - others[0][0], spot[1] - others[0][1]));
        zoom(far(now) / far(last), (now[0] + others[0][0]) / 2, (now[1] + others[0][1]) / 2);
      }
    }
    fingers.set(event.pointerId, now);
  }

  function release(event) {
    const known = fingers.delete(event.pointerId);
    element.classList.remove("dragged");
    if (known && event.type === "pointerup" && moved < SLOP_PX) pick?.(...local(event));
  }

  function wheel(event) {
    const meant = pick || event.ctrlKey || element.matches(":focus, :focus-within");
    if (!meant) return; // or the page could not be scrolled past the map
    event.preventDefault();
    zoom(2 ** (-event.deltaY * (event.deltaMode ? 0.05 : event.ctrlKey ? 0.01 : 0.002)), ...local(event));
  }

  function type(event) {
    if (event.target !== element || event.ctrlKey || event.metaKey || event.altKey) return;
    if (KEYS[event.key]) pan(...KEYS[event.key].map((sign) => sign * PAN_PX));
    else if (event.key === "+" || event.key === "=") zoom(STEP);
    else if (event.key === "-") zoom(1 / STEP);
    else if (event.key === "0") fit();
    else if (event.key === "Enter" && pick) pick(view.width / 2, view.height / 2);
    else return;
    event.preventDefault();
  }

  const heard = { pointerdown: press, pointermove: drag, pointerup: release, pointercancel: release, wheel, keydown: type };
  for (const [kind, act] of Object.entries(heard)) element.addEventListener(kind, act, { passive: kind !== "wheel" && kind !== "keydown" });
  return {
    close() {
      for (const [kind, act] of Object.entries(heard)) element.removeEventListener(kind, act);
    },
  };
}
