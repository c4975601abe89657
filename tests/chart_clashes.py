"""For pages in a real browser: all of a page unfolded, and words of its charts that are cut off or lie over others."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from serving import PATIENCE_MS

CLASHES = """() => [...document.querySelectorAll('figure.chart > svg')].flatMap((svg) => {
  const frame = svg.getBoundingClientRect();
  const texts = [...svg.querySelectorAll('text')].map((one) => [one.textContent, one.getBoundingClientRect()]);
  const out = texts.filter(([, box]) => box.left < frame.left - 1 || box.right > frame.right + 1).map(([text]) => text);
  const over = texts.flatMap(([text, a], index) => texts.slice(index + 1).filter(([, b]) =>
    Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 &&
    Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 2
  ).map(([other]) => `${text} | ${other}`));
  return [...out, ...over];
})"""


@contextmanager
def unfolded(browser: Any, file: Path) -> Iterator[Any]:
    """A page from the disk, with everything open that can be opened."""
    opened = browser.new_page()
    opened.set_default_timeout(PATIENCE_MS)
    opened.goto(file.as_uri())
    opened.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")
    yield opened
    opened.close()
