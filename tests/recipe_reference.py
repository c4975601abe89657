"""The recipe's dataclasses in; the tables of docs/reference/recipe.md out. Run it after changing a recipe field."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

from flaneur.training.recipes import recipe

PAGE = Path(__file__).resolve().parents[1] / "docs/reference/recipe.md"
RECIPE = {
    "Top level": recipe.Recipe, "data": recipe.DataRule, "network": recipe.NetworkRule,
    "training": recipe.TrainingRule, "augment": recipe.AugmentRule, "views": recipe.ViewsRule, "head": recipe.HeadRule,
    "novelty": recipe.NoveltyRule, "doubt": recipe.DoubtRule, "distil": recipe.DistilRule, "paper": recipe.PaperRule,
}  # fmt: skip


def recipe_rows(kind: type) -> list[str]:
    """One table row a field: key, default, meaning from the docstring."""
    text = re.sub(r"\s+", " ", (kind.__doc__ or "").partition("Args:")[2])
    text = re.sub(r":\w+:`~?([^`]+)`", r"`\1`", text.replace("``", "`"))
    names = [field.name for field in dataclasses.fields(kind)]
    starts = [text.index(f" {name}: ") for name in names]
    meanings = [text[a + len(n) + 3 : b].strip() for n, a, b in zip(names, starts, [*starts[1:], None], strict=True)]
    return [
        f"| `{field.name}` | {_default(field)} | {meaning.removesuffix('.')} |"
        for field, meaning in zip(dataclasses.fields(kind), meanings, strict=True)
    ]


def _default(field: dataclasses.Field) -> str:
    if field.default is not dataclasses.MISSING:
        return "none" if field.default is None else f"`{json.dumps(field.default)}`"
    return "needed" if field.default_factory is dataclasses.MISSING else "all defaults"


def main() -> None:
    """Rewrite the tables in place."""
    text = PAGE.read_text("utf-8")
    for title, kind in RECIPE.items():
        heading = re.escape(title if title == "Top level" else f"`[{title}]`")
        table = "\n".join(["| key | default | meaning |", "| --- | --- | --- |", *recipe_rows(kind)])
        text, count = re.subn(
            rf"(^## {heading}\n(?:(?!\|)[^\n]*\n)*?)\|.*?(?=\n\n|\n?\Z)",
            lambda m, table=table: m[1] + table,
            text,
            flags=re.DOTALL | re.MULTILINE,
        )
        if not count:
            text = text.replace("## Example", f"## `[{title}]`\n\n{table}\n\n## Example")
    PAGE.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
