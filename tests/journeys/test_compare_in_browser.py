"""The page of a comparison in a real browser: light and dark, wide and narrow, and nobody is asked for anything."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Any

from bundles import CITIES, tiny_bundle
from flaneur.evaluation.compare import compare, write_comparison
from serving import PATIENCE_MS, expect
from worlds import make_dataset


def test_anybody_can_read_it_anywhere(browser: Any, tmp_path: Path) -> None:
    dataset = make_dataset(tmp_path, ["paris", "rome"], places=8)
    model = tiny_bundle(tmp_path / "one", CITIES[:2], name="a model with quite a long name of its own").path
    names = [f"another-system-{number}" for number in range(5)]
    for shift, name in enumerate(names):
        rows = [
            f"{photo.id},{(photo.city, 'rome')[(number + shift) % 3 == 0]}"
            for number, photo in enumerate(dataset.photos)
        ]
        (tmp_path / f"{name}.csv").write_text("\n".join(["photo,guess", *rows]))
    found = compare(model, *(tmp_path / f"{name}.csv" for name in names), dataset=dataset, split="all")
    page = write_comparison(found, tmp_path / "out")[1]
    axe = (resources.files("axe_core_python") / "axe.min.js").read_text("utf-8")
    for scheme, width in (("light", 1280), ("dark", 360)):
        context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
        context.set_default_timeout(PATIENCE_MS)
        opened, complaints, asked = context.new_page(), [], []
        opened.on("console", lambda message, said=complaints: said.append(message.text))
        opened.on("request", lambda request, urls=asked: urls.append(request.url))
        opened.goto(page.as_uri())
        assert opened.evaluate("document.documentElement.scrollWidth") <= width
        expect(opened.locator("figure.differ img").first).to_be_attached()
        opened.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")
        opened.evaluate(axe)
        wrong = opened.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
        assert [one["id"] for one in wrong if one["impact"] in ("serious", "critical")] == []
        assert complaints == []
        assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
        context.close()
