"""Routes in; a server that serves them and a client of one source that is led there out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from flaneur import discover
from flaneur.net import Client, Unreachable, attempts, open_client
from provider.server import ALL, NO_FAULTS, Faults, ProviderServer, Route

WAIT_SCALE = "0.01"
# All but the slow drip, which takes two seconds each time and is the client's own matter.
MISBEHAVING = Faults(share=0.2, seed=4, kinds=tuple(kind for kind in ALL if kind != "drip"))


def be_patient(patch: pytest.MonkeyPatch, faults: Faults) -> None:
    """No time-out that a machine busy with other tests would run into, where no fault needs one to be cut."""
    if "drip" not in faults.kinds or not faults.share:
        patch.setattr(attempts, "_LEAST_S", 60.0)


@contextmanager
def session(
    name: str,
    routes: Sequence[Route],
    home: Path,
    secrets: Mapping[str, str],
    faults: Faults = NO_FAULTS,
    **spending: Any,
) -> Iterator[tuple[ProviderServer, Client]]:
    """One source's client against a server of these routes; waits and rates are a hundredth of what they are.

    Args:
        name: of the source.
        routes: what the server serves.
        home: becomes ``FLANEUR_HOME``.
        secrets: variables of the environment, such as the key.
        faults: how the server misbehaves.
        spending: budget, price and purpose of :func:`flaneur.net.open_client`.
    """
    source = discover.load("flaneur.sources", name)
    with (
        ProviderServer(routes, replace(faults, wait_scale=float(WAIT_SCALE))) as server,
        pytest.MonkeyPatch.context() as patch,
    ):
        be_patient(patch, faults)
        where = server.environment(name, *source.BASES)
        there = {"FLANEUR_HOME": str(home), "FLANEUR_NET_WAIT_SCALE": WAIT_SCALE, **where, **secrets}
        for variable, value in there.items():
            patch.setenv(variable, value)
        limits = {group: type(limit)(limit.requests * 100, limit.seconds) for group, limit in source.LIMITS.items()}
        opened = open_client(
            name, key=source.KEY, limits=limits, bases=source.BASES, contact="ada@example.org", **spending
        )
        with opened as client:
            yield server, client


def insist(ask: Callable[..., Any], *args: Any) -> Any:
    """What a source answers in the end: what could not be had now is asked for again, as a collecting run does."""
    for _ in range(20):
        try:
            return ask(*args)
        except Unreachable:
            continue
    raise AssertionError("never to be had")
