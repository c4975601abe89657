"""``flaneur sources``: a provider's name, or none, in; what it allows, needs and costs out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from flaneur.errors import CredentialsError

if TYPE_CHECKING:
    from flaneur.collect.prices import Price
    from flaneur.protocols import Key

_PACKAGE = "flaneur.sources"
_COLUMNS = ("source", "licence", "pixels", "key", "costs")


@click.command()
@click.argument("source", default="")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def sources(source: str, as_json: bool) -> None:
    """List where 'flaneur collect' can get photos from; with SOURCE all that is to be known of one.

    Whether a key is there is said, never the key.
    """
    from flaneur import discover
    from flaneur.cli.main import printable

    names = [source] if source else discover.names(_PACKAGE)
    found = [facts_of(name, discover.load(_PACKAGE, name)) for name in names]
    if as_json:
        for facts in found:
            click.echo(json.dumps(facts, ensure_ascii=False))
        return
    for line in _details(found[0]) if source else _table(found):
        click.echo(printable(line))


def facts_of(name: str, module: Any) -> dict[str, Any]:
    """What a source says of itself, and whether its key is there.

    Args:
        name: of the source.
        module: has the names of :class:`flaneur.protocols.Source`.
    """
    terms, key = module.TERMS, module.KEY
    return {
        "source": name, "provider": terms.provider, "licence": terms.licence, "attribution": terms.attribution,
        "may_store": terms.may_store, "training": terms.training, "terms": terms.url, "terms_read_on": terms.read_on,
        "notes": list(terms.notes), "positions_days": terms.positions_days,
        "key": None if key is None else _key_facts(key), "contact": contact_facts(module),
        "limits": {group: [limit.requests, limit.seconds] for group, limit in module.LIMITS.items()},
        "radius_m": module.RADIUS_M, "options": dict(getattr(module, "OPTIONS", {})), "costs": _costs(module),
    }  # fmt: skip


def key_from(variable: str) -> str:
    """Where a key is found: ``environment``, ``keys.toml``, ``keyring``, ``absent``, or why it cannot be used."""
    from flaneur import net

    try:
        return net.key_from(variable) or "absent"
    except CredentialsError as error:
        return str(error)


def contact_facts(module: Any) -> dict[str, str] | None:
    """Where a source that must be able to reach the user finds out how; ``None`` for one that goes without."""
    from flaneur import net

    if not getattr(module, "CONTACT_NEEDED", False):
        return None
    return {"variable": net.CONTACT, "from": "environment" if net.contact_of() else "absent"}


def _key_facts(key: Key) -> dict[str, Any]:
    facts = {"variable": key.variable, "needed": key.needed, "from": key_from(key.variable), "get_it_at": key.get_it_at}
    if key.secret_variable:
        facts["secret"] = {"variable": key.secret_variable, "from": key_from(key.secret_variable)}
    return facts


def _costs(module: Any) -> list[dict[str, Any]]:
    from flaneur.collect.prices import price_of

    billed: dict[str, str] = dict(getattr(module, "BILLED", {}))
    return [{"requests": group, "sku": sku, **_price_facts(price_of(sku))} for group, sku in billed.items()]


def _price_facts(price: Price) -> dict[str, Any]:
    return {
        "name": price.name, "currency": price.currency, "free_a_month": price.free, "per_1000": price.steps[0][1],
        "read_on": price.read_on,
    }  # fmt: skip


def _table(found: list[dict[str, Any]]) -> list[str]:
    rows = [_COLUMNS, *(_row(facts) for facts in found)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_COLUMNS))]
    lines = ["  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return [*lines, "'flaneur sources SOURCE' tells its terms, and where to get a key."]


def _row(facts: dict[str, Any]) -> tuple[str, ...]:
    wanted = facts["key"] or facts["contact"]
    state = f"{wanted['variable']}: {wanted['from'].partition(':')[0]}" if wanted else "none needed"
    pixels = "kept" if facts["may_store"] else "not kept"
    costs = ", ".join(_cost(cost) for cost in facts["costs"]) or "nothing"
    return facts["source"], _short(facts["licence"]), pixels, state, costs


def _short(licence: str) -> str:
    return licence if len(licence) < 20 else "its own terms"


def _cost(cost: dict[str, Any]) -> str:
    return f"{cost['per_1000']:g} {cost['currency']} for 1,000 ({cost['requests']})"


def _details(facts: dict[str, Any]) -> list[str]:
    pixels = "may be kept" if facts["may_store"] else "may not be kept: a dataset holds recipes of the pictures"
    lines = [
        f"{facts['provider']} ({facts['source']})",
        f"  licence    {facts['licence']}; pixels {pixels}",
        f"  credit     {facts['attribution']}",
        f"  training   {facts['training']}",
        *(f"  note       {note}" for note in facts["notes"]),
        *(f"  positions  {days} days at most; not exported" for days in [facts["positions_days"]] if days),
        f"  terms      {facts['terms']}, read on {facts['terms_read_on']}",
        *_key_lines(facts["key"]),
        *(f"  contact    {said['variable']}, needed: {said['from']}" for said in [facts["contact"]] if said),
    ]
    for cost in facts["costs"]:
        free = f"the first {cost['free_a_month']:,} of a month are free" if cost["free_a_month"] else "none is free"
        lines.append(f"  costs      {cost['name']}: {_cost(cost)}, {free}; prices of {cost['read_on']}")
    limits = "; ".join(f"{group}: {most:,} in {seconds:g} s" for group, (most, seconds) in facts["limits"].items())
    lines += [f"  requests   at most {limits}", f"  radius     {facts['radius_m']:g} m round a spot"]
    return [*lines, *(f"  option     {name}={value}" for name, value in facts["options"].items())]


def _key_lines(key: dict[str, Any] | None) -> list[str]:
    if key is None:
        return ["  key        none needed"]
    need = "needed" if key["needed"] else "not needed"
    lines = [f"  key        {key['variable']}, {need}: {key['from']}", f"             from {key['get_it_at']}"]
    if "secret" in key:
        lines.append(f"  secret     {key['secret']['variable']}, signs requests: {key['secret']['from']}")
    return lines
