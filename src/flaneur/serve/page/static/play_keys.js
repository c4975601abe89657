// A key that was pressed in; whether it is meant for the game, or for a field, a slider or a map, out.

const TYPED = "input:not([type=radio], [type=checkbox], [type=range]), select, textarea, dialog, .map";

/** Buttons that are round or square take no figures, but their arrows are their own. */
export const isForGame = ({ altKey, ctrlKey, metaKey, repeat, key, target }) =>
  !(altKey || ctrlKey || metaKey || repeat || target.closest?.(TYPED) || (key.startsWith("Arrow") && target.closest?.("input")));
