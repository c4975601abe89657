"""What a training tells: the table, the loggers, the curves as a picture and in the report."""

from __future__ import annotations

import io
import json
import re
import sys

import pytest
from PIL import Image

from flaneur.errors import UsageError
from flaneur.evaluation.page.training_curves import learning_section
from flaneur.training.networks.journal import Journal, journal, table_head

ROWS = [
    {"epoch": 1, "of": 3, "size_px": 64, "loss": 1.5, "train_accuracy": 0.3, "lr": 0.003, "seconds": 50,
     "photos_per_second": 61.4, "accuracy": 0.4, "macro_recall": 0.35, "nll": 1.3},
    {"epoch": 2, "of": 3, "size_px": 64, "loss": 1.1, "train_accuracy": 0.5, "lr": 0.002, "seconds": 50,
     "photos_per_second": 60.0},
    {"epoch": 3, "of": 3, "size_px": 96, "loss": 0.9, "train_accuracy": 0.6, "lr": 0.0, "seconds": 70,
     "photos_per_second": 41.0, "accuracy": 0.7, "macro_recall": 0.65, "nll": 0.8},
]  # fmt: skip


def test_the_table_is_aligned_and_says_how_long_it_takes():
    stream = io.StringIO()
    told = Journal(stream=stream)
    for row in ROWS:
        told.step(1, 2)  # no bar where nobody looks
        told(row)
    lines = stream.getvalue().splitlines()
    assert lines[0] == table_head()
    assert {len(line) for line in lines} == {len(table_head())}
    assert lines[1].split() == ["1/3", "64", "3.0e-03", "1.500", "0.300", "0.400", "0.350", "61", "2", "min"]
    assert lines[2].split() == ["2/3", "64", "2.0e-03", "1.100", "0.500", "60", "50", "s"]


def test_several_networks_have_a_table_each():
    stream = io.StringIO()
    told = Journal(stream=stream)
    for member in ("1 of 2", "2 of 2"):
        for row in ROWS[:2]:
            told({"member": member, **row})
    lines = stream.getvalue().splitlines()
    assert [number for number, line in enumerate(lines) if line == table_head()] == [1, 5]
    assert (lines[0], lines[4]) == ("network 1 of 2", "network 2 of 2")


def test_each_training_has_a_head():
    stream = io.StringIO()
    told = Journal(stream=stream)
    for _ in range(2):
        told.begin()
        told(ROWS[0])
    assert [line == table_head() for line in stream.getvalue().splitlines()] == [True, False, True, False]


def test_on_a_terminal_a_bar_shows_the_epoch_and_goes_away():
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    stream = Terminal()
    told = Journal(stream=stream)
    told.step(1, 4)
    assert "/4 [" in stream.getvalue()
    told(ROWS[0])
    assert stream.getvalue().splitlines()[-1].startswith("   1/3")


def test_tensorboard_holds_every_figure(tmp_path):
    pytest.importorskip("torch")
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    with journal(["tensorboard"], tmp_path, {"name": "mine"}, table=False) as told:
        for row in ROWS:
            told(row)
    read = EventAccumulator(str(tmp_path / "tensorboard"))
    read.Reload()
    assert [(event.step, round(event.value, 3)) for event in read.Scalars("accuracy")] == [(1, 0.4), (3, 0.7)]
    assert len(read.Scalars("loss")) == 3


def test_wandb_is_offline_unless_told_otherwise(tmp_path, monkeypatch):
    seen = []

    class Run:
        def log(self, row):
            seen.append(row)

        def finish(self):
            seen.append("finished")

    class Fake:
        @staticmethod
        def Settings(**options):  # noqa: N802  # as wandb calls it
            return options

        @staticmethod
        def init(**options):
            seen.append(options)
            return Run()

    monkeypatch.setitem(sys.modules, "wandb", Fake)
    monkeypatch.delenv("WANDB_MODE", raising=False)
    monkeypatch.delenv("WANDB_ERROR_REPORTING", raising=False)
    with journal(["wandb"], tmp_path, {"name": "mine"}, table=False) as told:
        told(ROWS[0])
    options, row, last = seen
    assert (options["mode"], options["dir"], options["config"]) == ("offline", tmp_path, {"name": "mine"})
    assert (row["epoch"], row["accuracy"], last) == (1, 0.4, "finished")
    monkeypatch.setenv("WANDB_MODE", "online")
    with journal(["wandb"], tmp_path, {}, table=False):
        assert seen[-1]["mode"] == "online"


def test_a_missing_package_and_an_unknown_logger_are_one_line(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "wandb", None)
    with pytest.raises(UsageError, match=r"pip install '\.\[wandb\]'"), journal(["wandb"], tmp_path, {}):
        pass
    with pytest.raises(UsageError, match="Did you mean 'tensorboard'"), journal(["tensorbord"], tmp_path, {}):
        pass


def test_curves_are_a_picture(tmp_path):
    pytest.importorskip("matplotlib")
    from flaneur.training.networks.curves import draw_curves

    draw_curves(ROWS, tmp_path / "curves.png", "mine")
    with Image.open(tmp_path / "curves.png") as picture:
        assert picture.width > 3 * picture.height


def test_curves_have_whole_epochs_and_show_lines_that_coincide(tmp_path, monkeypatch):
    pytest.importorskip("matplotlib")
    from matplotlib.figure import Figure

    from flaneur.training.networks.curves import draw_curves

    kept = []
    real = Figure.savefig
    monkeypatch.setattr(Figure, "savefig", lambda self, *given, **more: (kept.append(self), real(self, *given, **more)))
    draw_curves([ROWS[0] | {"macro_recall": ROWS[0]["accuracy"]}], tmp_path / "curves.png")
    accuracy = kept[0].axes[1]
    assert [tick for tick in accuracy.get_xticks() if 0.5 < tick < 1.5] == [1]
    validation, macro = accuracy.lines[1:]
    assert macro.get_markerfacecolor() == "none"
    assert macro.get_markersize() > 2 * validation.get_markersize()


def test_labels_of_small_learning_rates_lie_within_the_picture():
    page = learning_section({"log": [ROWS[0] | {"lr": 0.00076}]})
    found = re.findall(r'<text x="([\d.]+)" y="[\d.]+" text-anchor="end">([\d.]+)</text>', page)
    assert "0.00076" in [label for _, label in found]
    assert all(float(x) > 6.4 * len(label) for x, label in found)


def test_the_report_shows_each_network_and_every_point():
    page = learning_section({"log": [{"member": "1 of 2", **row} for row in ROWS] + [{"member": "2 of 2", **ROWS[0]}]})
    assert page.count('role="img"') == 6
    assert page.count("<h3>") == 2
    assert "epoch 3: 0.7" in page
    assert "nan" not in page


@pytest.mark.parametrize(
    "training", [{}, {"log": "no rows"}, {"log": []}, {"log": [3, {"epoch": float("nan")}, {"loss": 1.0}]}]
)
def test_a_card_without_epochs_has_no_section(training):
    assert learning_section(training) == ""


def test_what_a_card_says_is_escaped():
    row = json.loads('{"member": "<b>", "epoch": 1, "loss": 1.0, "nll": "<i>", "accuracy": NaN}')
    page = learning_section({"log": [row]})
    assert "<b>" not in page
    assert "<i>" not in page
    assert page.count('role="img"') == 1
