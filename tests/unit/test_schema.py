"""``report.json`` is what its published schema says: with every section and with none, and nothing undescribed."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

import section_examples
from fake_model import FakeModel
from flaneur.evaluation import record
from flaneur.evaluation.asked import TRIALS
from flaneur.evaluation.by_default import KEYS
from flaneur.evaluation.record import REPORT_FORMAT, to_json
from flaneur.evaluation.report import Report
from flaneur.evaluation.run import What, evaluate
from worlds import make_dataset

SCHEMA: dict[str, Any] = json.loads(Path(record.__file__).with_name("report.schema.json").read_text("utf-8"))
SECTIONS = sorted(SCHEMA["properties"]["sections"]["properties"])


def closed(node: Any) -> Any:
    """The schema without room for keys that it does not name: what is written today is described whole."""
    if isinstance(node, list):
        return [closed(one) for one in node]
    if not isinstance(node, dict):
        return node
    made = {key: closed(value) for key, value in node.items()}
    return made | {"additionalProperties": False} if "properties" in node and node.get("type") == "object" else made


STRICT = Draft202012Validator(closed(SCHEMA))


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    dataset = make_dataset(tmp_path_factory.mktemp("world"), ["arles", "bari", "cork", "delft"])
    return evaluate(FakeModel(dataset), dataset, What("all"))


def written(report: Report) -> Any:
    return json.loads(json.dumps(to_json(report), allow_nan=False))


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["properties"]["format"]["const"] == REPORT_FORMAT
    assert set(SECTIONS) == set(TRIALS) | set(KEYS)


def test_a_report_as_it_is_measured(report: Report) -> None:
    STRICT.validate(written(report))


def test_a_report_with_nothing_that_can_lack(report: Report) -> None:
    bare = replace(
        report, views=None, all_groups=None, novelty=None, groups=(), sections={}, not_measured={"cross": "No."}
    )
    STRICT.validate(written(bare))


@pytest.mark.parametrize("key", SECTIONS)
def test_every_section(report: Report, key: str) -> None:
    found = getattr(section_examples, key)()
    assert found.key == key
    made = written(replace(report, sections={key: found}))
    STRICT.validate(made)
    assert made["sections"][key]


def test_all_sections_at_once(report: Report) -> None:
    every = {key: getattr(section_examples, key)() for key in SECTIONS}
    STRICT.validate(written(replace(report, sections=every)))


def test_what_is_wrong_is_found(report: Report) -> None:
    made = written(report)
    for broken in (
        made | {"format": 1},
        made | {"accuracy": 0.9},
        {key: value for key, value in made.items() if key != "cautions"},
        made | {"sections": {"coverage": {}}},
    ):
        assert list(Draft202012Validator(SCHEMA).iter_errors(broken))


def test_new_keys_may_come(report: Report) -> None:
    Draft202012Validator(SCHEMA).validate(written(report) | {"new": 1})


def named(node: Any) -> set[str]:
    """Every key that the schema describes."""
    if isinstance(node, list):
        return set().union(*(named(one) for one in node))
    if not isinstance(node, dict):
        return set()
    own = set(node["properties"]) if isinstance(node.get("properties"), dict) else set()
    return own.union(*(named(value) for value in node.values()))


def test_every_key_is_in_the_reference() -> None:
    text = (Path(__file__).parents[2] / "docs" / "reference" / "json.md").read_text("utf-8")
    told = set(re.findall(r"[a-z_0-9]+", " ".join(re.findall(r"`([^`\n]+)`", text))))
    assert named(SCHEMA) <= told, named(SCHEMA) - told
