"""Figures, tables, the pandas frame and the notebook's HTML: what is drawn and written are the report's numbers."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from html.parser import HTMLParser
from math import nan
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import section_examples
from fake_model import FakeModel
from flaneur.errors import InputError, UsageError
from flaneur.evaluation.plots.all_figures import figures
from flaneur.evaluation.plots.figure import new_figure, save_figure
from flaneur.evaluation.plots.sections import SECTION_FIGURES
from flaneur.evaluation.plots.top_losses import losing_rows
from flaneur.evaluation.report import Report
from flaneur.evaluation.run import What, evaluate
from flaneur.evaluation.tables.latex import to_latex
from flaneur.evaluation.tables.markdown import to_markdown
from flaneur.evaluation.tables.rows import main_rows
from flaneur.evaluation.write import write_figures, write_tables
from flaneur.metrics import Interval
from worlds import make_dataset


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    dataset = make_dataset(tmp_path_factory.mktemp("world"), ["arles", "bari", "cork", "delft"])
    return evaluate(FakeModel(dataset), dataset, What("all"))


def test_the_confusion_matrix_shows_shares_of_the_rows(report: Report) -> None:
    axes = report.plot_confusion_matrix().axes[0]
    counts = report.which.confusion
    np.testing.assert_allclose(axes.images[0].get_array(), counts / counts.sum(axis=1, keepdims=True))
    texts = {text.get_position(): text.get_text() for text in axes.texts}
    assert texts[1, 1] == f"{100 * counts[1, 1] / counts[1].sum():.0f}"
    counted = {text.get_position(): text.get_text() for text in report.plot_confusion_matrix(counts=True).axes[0].texts}
    assert counted[1, 1] == str(counts[1, 1])
    assert [label.get_text() for label in axes.get_yticklabels()] == ["Arles", "Bari <b>", "Cork"]


def test_a_hundred_cities_are_drawn_without_numbers(report: Report) -> None:
    matrix = np.diag(np.arange(100))
    cities = tuple(replace(report.known.cities[0], slug=f"c{n}", name=f"City {n}") for n in range(100))
    large = replace(report, known=replace(report.known, cities=cities), which=replace(report.which, confusion=matrix))
    axes = large.plot_confusion_matrix().axes[0]
    assert not axes.texts
    assert not axes.get_xticklabels()
    assert axes.images[0].get_array()[0, 0] == 0


def test_reliability_and_coverage_show_the_reports_numbers(report: Report) -> None:
    axes = report.plot_reliability().axes[0]
    drawn = axes.containers[0].lines[0].get_xydata()
    np.testing.assert_allclose(drawn, [(mean, seen.value) for mean, seen in report.sure.bins])
    found: Any = report.sections["coverage"]
    curve = report.plot_coverage().axes[0].lines[0].get_xydata()
    np.testing.assert_allclose(curve, [(point.share, point.accuracy.value) for point in found.points])
    with pytest.raises(InputError, match="no risk-coverage curve"):
        replace(report, sections={}).plot_coverage()


def test_the_worst_mistakes_are_those_with_the_least_chance_of_the_truth(report: Report) -> None:
    rows = losing_rows(report.known)
    chance = np.exp(report.known.log_probabilities[np.arange(len(report.known.photos)), report.known.labels])
    assert chance[rows[0]] == chance.min()
    assert np.all(np.diff(chance[rows]) >= 0)
    assert len({report.known.places[row] for row in rows}) == len(rows)
    figure = report.plot_top_losses(5)
    shown = [axes for axes in figure.axes if axes.images]
    assert len(shown) == 5
    assert shown[0].get_title(loc="left").startswith(report.known.cities[report.known.labels[rows[0]]].name)
    gone = replace(report, paths={photo: Path("nowhere.jpg") for photo in report.paths})
    with pytest.raises(InputError, match="can be read any more"):
        gone.plot_top_losses()


@pytest.mark.parametrize("key", SECTION_FIGURES)
def test_every_section_can_be_drawn(report: Report, key: str) -> None:
    figure = SECTION_FIGURES[key](getattr(section_examples, key)())
    figure.canvas.draw()
    assert figure.axes[0].get_xlabel() or figure.axes[0].get_ylabel()


def test_counts_below_one_are_refused(report: Report) -> None:
    with pytest.raises(UsageError, match="count=0"):
        report.plot_top_losses(0)
    with pytest.raises(UsageError, match="min_count=-1"):
        report.most_confused(min_count=-1)


def test_figures_are_written_twice_alike_and_without_photos_if_so_wished(report: Report, tmp_path: Path) -> None:
    first, second = (write_figures(report, tmp_path / name, photos=False) for name in "ab")
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
    assert {path.suffix for path in first} == {".png", ".svg"}
    assert not any("top_losses" in path.name for path in first)
    assert "top_losses" in figures(report)
    png, svg = save_figure(report.plot_reliability(), tmp_path / "one")
    with Image.open(png) as picture:
        assert picture.width == 700
    assert svg.read_text("utf-8").count("<svg") == 1


def test_without_matplotlib_or_pandas_one_line_says_what_to_do(report: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("matplotlib.figure", "pandas"):
        monkeypatch.setitem(sys.modules, module, None)
    for ask in (lambda: new_figure(1, 1), report.plot_confusion_matrix, report.to_frame):
        with pytest.raises(UsageError, match=r"needs? (matplotlib|pandas): install flaneur with the extra 'plots'"):
            ask()


def test_drawing_leaves_pyplot_alone(report: Report) -> None:
    import matplotlib

    before = dict(matplotlib.rcParams)
    report.plot_confusion_matrix()
    assert dict(matplotlib.rcParams) == before


def test_the_frame_has_a_row_a_photo(report: Report) -> None:
    frame = report.to_frame()
    known = frame[frame.known]
    assert len(frame) == len(report.known.photos) + len(report.unknown.photos)
    assert known.correct.mean() == report.which.accuracy.value
    assert (known.guess == known.city).equals(known.correct)
    assert set(frame[~frame.known].city) == {"delft"}
    np.testing.assert_allclose(frame[["p_arles", "p_bari", "p_cork"]].sum(axis=1), 1)
    np.testing.assert_allclose(frame[["p_arles", "p_bari", "p_cork"]].max(axis=1), frame.probability)
    assert Path(frame.path[0]).is_file()


class Shown(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_a_notebook_shows_numbers_and_cautions_escaped(report: Report) -> None:
    text = report._repr_html_()
    assert Shown(text).open == []
    assert f"{100 * report.which.accuracy.value:.1f}" in text
    assert "Where not to trust it" in text
    assert "Bari <b>" not in text
    assert "<script" not in text
    assert "71 photos of 36 places" in repr(report)


def test_tables_hold_the_numbers_with_their_intervals(report: Report, tmp_path: Path) -> None:
    tex, markdown = (path.read_text("utf-8") for path in write_tables(report, tmp_path))
    one = report.which.accuracy
    value, low, high = (f"{100 * end:.1f}" for end in (one.value, one.low, one.high))
    assert f"Accuracy & {value}\\,\\% & {low}--{high} & 71 & 36 \\\\" in tex
    assert f"| Accuracy | {value} % | {low} to {high} | 71 | 36 |" in markdown
    assert tex.count(r"\begin{tabular}") == tex.count(r"\bottomrule") == 2
    for line in tex.splitlines():
        if line.endswith(r" \\"):
            assert len(re.findall(r"(?<!\\)&", line)) in (4, 5)
    assert "Bari \\<b\\>" in markdown
    assert "flaneur evaluate fake toy --split all/all" not in markdown
    assert report.origin.command in markdown


def test_tables_have_what_was_measured_and_no_more(report: Report) -> None:
    names = [row.name for row in main_rows(report)]
    assert "Novelty AUROC" in names
    assert not any("unseen" in name for name in names)
    every = {key: getattr(section_examples, key)() for key in ("cross", "left_out", "random_split", "distance")}
    rows = {row.name: row for row in main_rows(replace(report, sections=every, novelty=None))}
    assert rows["Drop on an unseen project"].value == "+16.0"
    assert rows["Median distance"].value == "6.3"
    assert rows["Game score"].value == "4,453"
    assert "Novelty AUROC" not in rows
    assert r"Drop on an unseen project & $+$16.0\,pp & $+$12.5 to $+$19.5" in to_latex(replace(report, sections=every))


def test_what_is_undefined_is_a_dash(report: Report) -> None:
    undefined = Interval(nan, nan, nan, 0, 0)
    city = replace(report.which.per_city[0], precision=undefined)
    bare = replace(
        report,
        which=replace(report.which, per_city=(city, *report.which.per_city[1:])),
        sure=replace(report.sure, accuracy_answered=undefined),
    )
    assert re.search(r"^\| Arles \| [^|]+ \| – \|", to_markdown(bare), flags=re.MULTILINE)
    assert re.search(r"^Arles & [^&]+ & -- &", to_latex(bare), flags=re.MULTILINE)
    assert "nan" not in (to_latex(bare) + to_markdown(bare)).lower()
    assert "when answered" not in to_latex(bare)
