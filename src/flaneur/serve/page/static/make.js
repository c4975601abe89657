// The name of an element, its attributes, listeners and children in; the element out. Children that are text stay text.

/**
 * make("button", {type: "button", class: "quiet", on: {click: ask}}, "Why?")
 *
 * @param {string} tag
 * @param {object} given - attributes (true: without a value; false, null, undefined: none), on: listeners by event.
 *   A style attribute is refused by the page's policy: set `.style` on the element.
 * @param {...(Node|string|null|undefined|false)} children - what is nothing is left out
 */
export function make(tag, { on = {}, ...attributes } = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== false && value !== null && value !== undefined) made.setAttribute(name, value === true ? "" : value);
  }
  for (const [event, listener] of Object.entries(on)) made.addEventListener(event, listener);
  made.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}
