"""The page of an atlas: what is in it, what is not, and that texts of strangers stay texts."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from benchmarks.atlas import drawn_atlas
from click.testing import CliRunner
from PIL import Image

from bundles import CITIES, tiny_bundle
from flaneur.cli.atlas import atlas as command
from flaneur.errors import InputError, UsageError
from flaneur.evaluation.answers import Doubt
from flaneur.evaluation.section import Findings
from flaneur.explain.atlas import parts
from flaneur.explain.atlas.atlas import Atlas, Progress
from flaneur.explain.atlas.columns import Categories, Column
from flaneur.explain.atlas.figure import figure
from flaneur.explain.atlas.page import sections
from flaneur.explain.atlas.page.data import page_data
from flaneur.explain.atlas.page.page import to_html
from flaneur.explain.atlas.page.sheets import MOST_PIXELS, sheets_of, square_px
from flaneur.explain.atlas.words import map_numbers
from flaneur.explain.atlas.write import to_dict, write_figure
from worlds import make_dataset

HOSTILE = '</script><img src=x onerror=alert(1)>"'


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Atlas:
    return drawn_atlas(tmp_path_factory.mktemp("noise"), 120, cities=5, name=HOSTILE)


def data_of(page: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="atlas-data">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    return dict(json.loads(found[1]))


def unpacked(text: str, kind: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), kind)


def test_the_page_holds_every_photo_and_nothing_from_elsewhere(drawn: Atlas) -> None:
    page = to_html(drawn)
    assert page == to_html(drawn)
    assert "<img" not in page.replace("\\u003cimg", "")
    assert page.count("<script>") == 1
    assert not re.search(r'(?:src|href)="(?!data:|#)', page)
    data = data_of(page)
    assert data["ids"] == [photo.id for photo in drawn.answers.photos]
    city = next(column for column in data["columns"] if column["key"] == "city")
    names = [city["names"][code] for code in unpacked(city["codes"], "<i2")]
    assert names == [f"Town {photo.city[5:]}{HOSTILE}" for photo in drawn.answers.photos]
    grid = unpacked(data["layouts"][0]["xy"], "<u2").reshape(-1, 2).astype(float)
    positions = drawn.layouts[0].positions
    assert np.corrcoef(grid[:, 0], positions[:, 0])[0, 1] > 0.9999
    assert np.corrcoef(grid[:, 1], -positions[:, 1])[0, 1] > 0.9999  # down the page
    assert grid.min() == 0
    assert grid.max() == 65535


def test_without_photos_there_are_none(drawn: Atlas) -> None:
    page = to_html(drawn, photos=False)
    assert "atlas-sheet" not in page.replace('".atlas-sheet"', "")
    assert "sheets" not in data_of(page)
    assert "data:image" not in page.replace("data:image/jpeg;base64,${", "")


def test_only_addresses_on_the_web_become_links(drawn: Atlas) -> None:
    photos = tuple(replace(photo, page_url="javascript:alert(1)") for photo in drawn.answers.photos)
    data = json.loads(page_data(replace(drawn, answers=replace(drawn.answers, photos=photos)), None))
    assert data["words"]["page_url"]["names"] == []


def test_squares_stand_where_the_script_looks_for_them(tmp_path: Path) -> None:
    colours = [(250, 10, 10), (10, 250, 10), (10, 10, 250)]
    paths: list[Path | None] = []
    for number, colour in enumerate(colours):
        paths.append(tmp_path / f"{number}.jpg")
        Image.new("RGB", (300, 200), colour).save(paths[-1])  # type: ignore[arg-type]
    (tmp_path / "broken.jpg").write_bytes(b"no photo")
    told: list[tuple[int, int]] = []
    made = sheets_of([*paths, None, tmp_path / "broken.jpg"] * 90, lambda *what: told.append(what))
    assert (made.px, made.across, len(made.sheets)) == (96, 21, 2)
    assert set(made.missing) == {row for row in range(450) if row % 5 > 2}
    assert told[-1] == (450, 450)
    for row in (0, 1, 2, 5, 440, 446, 447):
        with Image.open(BytesIO(made.sheets[row // 441])) as sheet:
            place = row % 441
            pixel = sheet.getpixel((place % 21 * 96 + 48, place // 21 * 96 + 48))
        assert np.abs(np.array(pixel) - colours[row % 5]).max() < 12


def test_pictures_keep_to_their_budget() -> None:
    for count in (1, 4000, 20_000):
        assert count * square_px(count) ** 2 <= max(MOST_PIXELS, 96**2)
    assert len(sheets_of([None] * 2_000).missing) == 2_000


def test_numbers_say_how_far_to_trust_the_map(drawn: Atlas) -> None:
    names = [name for name, _, _ in map_numbers(drawn)]
    assert names == ["t-SNE: neighbours kept", "PCA: neighbours kept", "First guess is the right city"]
    assert "would not answer" not in map_numbers(drawn)[-1][1]
    silent = replace(drawn, answers=replace(drawn.answers, doubt=Doubt(probability_threshold=2.0)))
    count = int((drawn.learnt == 0).sum())
    assert map_numbers(silent)[-1][1].endswith(f", also where it would not answer ({count} of {count})")
    told = to_dict(drawn)
    assert told["maps"][0]["neighbours_kept"]["value"] == 0.4
    new = drawn.answers.correct[drawn.learnt == 0]
    assert told["right_on_new"]["value"] == pytest.approx(new.mean(), abs=1e-6)
    nobody_knows = replace(drawn, learnt=np.full(120, -1))
    assert to_dict(nobody_knows)["right_on_new"] is None
    assert (
        "learnt from"
        not in to_html(nobody_knows, photos=False).partition("application/json")[0].rpartition("</style>")[2]
    )


@dataclass(frozen=True)
class Halves:
    key: str = "halves"

    def to_dict(self) -> dict[str, Any]:
        return {"halves": 2}

    def findings(self) -> Findings:
        return Findings()

    def columns(self) -> tuple[Column, ...]:
        return (Categories("half", "half", np.arange(120) % 2, ("even", "odd")),)


def test_a_further_part_has_its_section_its_numbers_and_its_colours(
    drawn: Atlas, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_few(atlas: Atlas, progress: Progress | None) -> Halves:
        raise InputError("There are no thirds.")

    monkeypatch.setattr(
        parts, "MEASURES", {"halves": ("halves", lambda atlas, progress: Halves()), "thirds": ("thirds", too_few)}
    )
    monkeypatch.setattr(
        sections, "RENDERERS", {"halves": lambda found, thumbnails: '<section><h2 id="halves">Halves</h2></section>'}
    )
    found = parts.with_parts(drawn)
    page = to_html(found, photos=False)
    assert '<a href="#halves">Halves</a>' in page
    assert "Not measured: thirds. There are no thirds." in page
    assert data_of(page)["columns"][-1]["names"] == ["even", "odd"]
    assert to_dict(found)["parts"] == {"halves": {"halves": 2}}


def test_the_command_writes_the_page_says_the_numbers_and_the_same_again(tmp_path: Path) -> None:
    model = tiny_bundle(tmp_path / "model", CITIES[:2])
    dataset = make_dataset(tmp_path, ["paris", "rome"], places=6)
    words = [str(model.path), str(dataset.root), "--map-only", "-o"]
    first = CliRunner().invoke(command, [*words, str(tmp_path / "new" / "a.html")], catch_exceptions=False)
    assert first.exit_code == 0
    assert "t-SNE: neighbours kept: " in first.stdout
    assert f"Atlas: {tmp_path / 'new' / 'a.html'}" in first.stderr
    again = CliRunner().invoke(command, [*words, str(tmp_path / "b.html"), "--json"], catch_exceptions=False)
    assert json.loads(again.stdout)["photos"] == 24
    assert (tmp_path / "new" / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()
    with pytest.raises(UsageError, match="Did you mean 'tsne'"):
        CliRunner().invoke(command, [*words, str(tmp_path / "c.html"), "--method", "tnse"], catch_exceptions=False)
    assert not (tmp_path / "c.html").exists()


@pytest.mark.parametrize(
    ("out", "error", "told"),
    [
        ("out.png", UsageError, "ends in .html"),
        ("new/", UsageError, "ends in .html"),
        ("file/x.html", InputError, "cannot be written"),
    ],
)
def test_a_page_that_cannot_be_written_is_refused_before_the_model_is_asked(
    tmp_path: Path, out: str, error: type[Exception], told: str
) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(error, match=told):
        CliRunner().invoke(command, ["no-model", "no-photos", "-o", f"{tmp_path}/{out}"], catch_exceptions=False)
    assert [one.name for one in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--colour", "verdit"], "Did you mean 'verdict'"),
        (["--colour", "verdict"], "for --figure only"),
        (["--figure", "--map-only", "--colour", "clusters"], "cannot be coloured by 'clusters'"),
    ],
)
def test_a_colour_that_cannot_be_is_refused_before_the_model_is_asked(words: list[str], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        CliRunner().invoke(command, ["no-model", "no-photos", *words], catch_exceptions=False)


def test_a_still_picture_by_names_and_by_numbers(drawn: Atlas, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    for colour in ("city", "verdict", "year"):
        png, svg = write_figure(drawn, tmp_path / f"{colour}.html", colour)
        with Image.open(png) as picture:
            assert picture.size == (1400, 1120)
        assert "<svg" in svg.read_text("utf-8")
    title = figure(drawn).axes[0].get_title(loc="left")
    assert "all 120 photos; t-SNE, neighbours kept 40 % (" in title
    with pytest.raises(UsageError, match=r"cannot be coloured by 'yaer'\. Did you mean 'year'"):
        write_figure(drawn, tmp_path / "x.html", "yaer")
