"""Counts in; a small table for people out; and the flag that asks for JSON instead."""

from __future__ import annotations

from collections.abc import Mapping

import click

as_json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object instead of text.")


def table(head: tuple[str, ...], rows: Mapping[str, Mapping[str, int]]) -> None:
    """Print one row a name, numbers right-aligned under their heads."""
    first = max([len(head[0]), *map(len, rows)])
    click.echo("  ".join([head[0].ljust(first), *head[1:]]))
    for name, values in rows.items():
        click.echo("  ".join([name.ljust(first), *(f"{values[column]:>{len(column)}}" for column in head[1:])]))
