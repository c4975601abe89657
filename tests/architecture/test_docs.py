"""The reference pages say what the code says: every command, option, key, column, field, code and link."""

import ast
import dataclasses
import re
from pathlib import Path

import click
import pytest

from flaneur import errors
from flaneur.bundle.card import Card, card_to_json
from flaneur.cli.main import cli
from flaneur.collect.publish import RECIPE_COLUMNS
from flaneur.dataset import tables
from flaneur.dataset.curate import CurationRule
from flaneur.dataset.split import SplitRule
from flaneur.evaluation import record
from flaneur.onnx_files.graph import NOVELTY_METHODS
from flaneur.training.heads.calibrate import DoubtRule
from flaneur.training.recipes.recipe_file import read_recipe
from flaneur.types import City, CityScore, Prediction
from recipe_reference import RECIPE, recipe_rows

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.rglob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"])


def page(name):
    return (DOCS / name).read_text("utf-8")


def sections(text):
    """Heading (without backticks) to the text below it."""
    parts = re.split(r"^#+ (.*)$", text, flags=re.MULTILINE)
    return {title.replace("`", "").strip("[] "): body for title, body in zip(parts[1::2], parts[2::2], strict=True)}


def rows(text):
    """Backticked first cell of each table row to the second cell."""
    return dict(re.findall(r"^\| `([^`]+)` \| (.*?) \|", text, flags=re.MULTILINE))


def ticked(text):
    return set(re.findall(r"`([^`\n]+)`", text))


def commands(group=cli, path="flaneur"):
    """Every command by its full name; groups only where they have options of their own."""
    found = {} if path != "flaneur" else {path: group}
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            found |= commands(command, f"{path} {name}")
        else:
            found[f"{path} {name}"] = command
    return found


def options(command):
    return {
        name: option for option in command.params if isinstance(option, click.Option)
        for name in (*option.opts, *option.secondary_opts)
    }  # fmt: skip


def test_every_command_is_described_and_no_other():
    described = {title for title in sections(page("reference/commands.md")) if title.startswith("flaneur")}
    assert described == set(commands())


@pytest.mark.parametrize("name", commands())
def test_every_option_is_described_and_no_other(name):
    table = re.findall(r"^\| (`-.*?) \|", sections(page("reference/commands.md"))[name], flags=re.MULTILINE)
    assert set(re.findall(r"`(-[^`]+)`", " ".join(table))) == set(options(commands()[name])) - {"--help", "-h"}


def test_defaults_of_commands_are_as_described():
    text, known = sections(page("reference/commands.md")), commands()
    split = options(known["flaneur dataset split"])
    for field in ("train", "validation", "test", "cell_m", "gap_m", "seed"):
        flag = "--" + field.replace("_", "-")
        assert split[flag].default == getattr(SplitRule(), field)
        assert re.search(rf"`{flag}`[^|]*\|.*; {getattr(SplitRule(), field):g} \|", text["flaneur dataset split"])
    for field in ("near_duplicate", "look_alike"):
        assert f"; {getattr(CurationRule(), field):g} |" in text["flaneur dataset curate"]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_flaneur_command_that_a_page_shows_exists(path):
    known = commands()
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", path.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    shown = "\n".join(body for kind, body in blocks if kind in ("", "console"))
    for line in re.findall(r"^(?:\$ )?(flaneur [a-z].*)$", shown, flags=re.MULTILINE):
        words = line.split()
        name = " ".join(words[:3] if words[1] in ("dataset", "inspect") else words[:2])
        assert name in known, line
        used = {word.split("=")[0] for word in words if re.match(r"--?[a-z]", word)}
        assert used <= set(options(known[name])) | {"--help", "-h"}, line


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_link_leads_somewhere(path):
    for target in re.findall(r"\]\(([^)]+)\)", path.read_text("utf-8")):
        if target.startswith("http"):
            continue
        file, _, anchor = target.partition("#")
        linked = (path.parent / file).resolve() if file else path
        assert linked.exists(), f"{path.name}: {target}"
        if anchor:
            titles = re.findall(r"^#+ (.*)$", linked.read_text("utf-8"), flags=re.MULTILINE)
            slugs = [re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles]
            assert anchor in slugs, f"{path.name}: {target}"


@pytest.mark.parametrize("title", RECIPE)
def test_recipe_fields_defaults_and_meanings(title):
    told = re.findall(r"^\| `.*\|$", sections(page("reference/recipe.md"))[title], flags=re.MULTILINE)
    assert told == recipe_rows(RECIPE[title]), "run: python tests/recipe_reference.py"


def test_the_example_recipe_can_be_read(tmp_path):
    text = re.search(r"```toml\n(.*?)```", page("reference/recipe.md"), flags=re.DOTALL).group(1)
    (tmp_path / "recipe.toml").write_text(text, "utf-8")
    assert read_recipe(tmp_path / "recipe.toml").network.size_px == 224


def test_doubt_settings_and_defaults():
    told = rows(page("how-to/choose-when-it-abstains.md"))
    assert told == {field.name: f"`{field.default}`" for field in dataclasses.fields(DoubtRule)}


def test_keys_of_an_answer():
    score = CityScore(City("rome", "Rome"), 1.0, 2.0)
    answer = Prediction((score,), False, "", 0.1, 1, "m 1").to_dict()
    told = ticked(sections(page("reference/json.md"))["Predict"])
    assert set(answer) | set(answer["ranking"][0]) | {"error", "message"} <= told


def test_keys_of_a_report():
    tree = ast.parse(Path(record.__file__).read_text("utf-8"))
    keys = {key.value for node in ast.walk(tree) if isinstance(node, ast.Dict) for key in node.keys}
    told = set(re.findall(r"[a-z_0-9]+", " ".join(ticked(sections(page("reference/json.md"))["report.json"]))))
    assert keys <= told, keys - told


def test_keys_of_a_card():
    from bundles import tiny_card

    card = card_to_json(tiny_card())
    nested = {key for name in ("encoder", "preprocess", "abstain", "dataset") for key in card[name]}
    told = ticked(sections(page("reference/json.md"))["card.json"])
    assert set(card) | nested | set(card["cities"][0]) <= told
    assert {field.name for field in dataclasses.fields(Card)} < set(card)


def test_columns_of_recipes():
    text = sections(page("reference/dataset-format.md"))["Collections"]
    assert rows(text) == dict(RECIPE_COLUMNS)


def test_columns_of_a_dataset():
    text = sections(page("reference/dataset-format.md"))
    assert rows(text["photos.parquet"]) == dict(tables.PHOTO_COLUMNS)
    assert set(tables.IMPORTED_COLUMNS) <= ticked(text["photos.parquet"])
    assert set(tables.DROPPED_COLUMNS) <= ticked(text["dropped.parquet"])
    assert set(tables.TIE_COLUMNS) <= ticked(text["ties.parquet"])


def test_novelty_methods():
    assert list(rows(sections(page("reference/bundle-format.md"))["Novelty methods"])) == list(NOVELTY_METHODS)


def test_exit_codes_and_their_exceptions():
    text = sections(page("reference/errors.md"))["Exit codes"]
    told = {name: int(code) for code, cell in re.findall(r"^\| (\d+) \|.*\| (.*?) \|$", text, flags=re.MULTILINE)
            for name in ticked(cell)}  # fmt: skip
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.FlaneurError)]
    assert told == {kind.__name__: kind.exit_code for kind in kinds if kind is not errors.FlaneurError}


def test_photo_error_codes():
    known = set(re.findall(r"``([a-z_]+)``", errors.PhotoError.__doc__.partition("code:")[2]))
    assert set(rows(sections(page("reference/errors.md"))["Photo error codes"])) == known
    raised = set(re.findall(r'PhotoError\(\s*"([a-z_]+)"', (ROOT / "src/flaneur/decode.py").read_text("utf-8")))
    assert raised <= known
