"""Hooks of schemathesis: real pictures, and what no description of an API can say. See :mod:`made_up_requests`.

Where the server at ``FUZZED`` can make games of a dataset called ``toy``, most requests about games show a join code, a
seat, a round or a picture that there is.
"""

import os
from functools import cache
from types import SimpleNamespace
from zlib import crc32

import httpx2  # noqa: TID251 - it asks a server of its own
import schemathesis
from hypothesis import strategies

from photos import drawn, jpeg

MOST_MADE = 40
"""Games: of more than a hundred the server would close the oldest."""

for kind in ("image/jpeg", "image/png", "image/webp"):
    schemathesis.openapi.media_type(kind, strategies.sampled_from([jpeg(drawn(seed)) for seed in range(3)]))


@schemathesis.hook
def filter_case(_context, case):
    if not isinstance(case.body, dict):
        return True
    if case.meta.generation.mode.is_positive:  # a city is not held against itself, nor against a photo's first choice
        return "against" not in case.body and str(case.body.get("city", "")).isprintable()  # as a name has to be
    # In a form, a list of one word is that word: nobody can tell that it breaks the description.
    is_form = case.media_type == "multipart/form-data"
    return not (is_form and any(isinstance(it, (list, dict)) for name, it in case.body.items() if name != "photo"))


@schemathesis.hook
def map_case(_context, case):
    about_games = case.meta and case.meta.generation.mode.is_positive and case.path.startswith("/v1/games")
    if not about_games or not begun().codes:
        return case
    body = case.body if isinstance(case.body, dict) else {}
    heads, where = case.headers or {}, case.path_parameters or {}
    draw = crc32(repr((body, where, dict(heads), case.query)).encode())
    if draw % 8:  # else as it was made up
        known = begun()
        about = {"number": 1 + draw % 3, "city": _city(draw)}
        _put(body, join_code=known.codes[draw % len(known.codes)], **about)
        _put(heads, **{"X-Seat": known.seats[draw % len(known.seats)]})
        _put(where, name=known.pictures[draw % len(known.pictures)], **about)
        if "dataset" in body and len(known.made) < MOST_MADE:
            known.made.append(draw)
            body.update({"dataset": "toy", "rounds": 1 + draw % 3, "model": "tiny" if draw % 2 else ""})
    if case.path.endswith("/answers"):  # a city, or else a point: no description can say so
        body.setdefault("city", _city(draw))
        body["city"] = body["city"] or _city(draw)
        body.pop("lat", None), body.pop("lon", None)
    return case


def _put(part, **real):
    """What there is, in place of what was made up."""
    part.update({name: value for name, value in real.items() if name in part})


def _city(draw):
    return ("paris", "rome", "sao-paulo")[draw % 3]


@cache
def begun():
    """Games that are played, where there is something to play: their codes, seats and pictures."""
    found = SimpleNamespace(codes=[], seats=[], pictures=[], made=[])
    with httpx2.Client(base_url=os.environ["FUZZED"], timeout=120) as client:
        if not client.get("/v1/games").json()["datasets"]:
            return found
        for model in ("", "tiny"):
            made = client.post("/v1/games", json={"dataset": "toy", "rounds": 3, "model": model}).json()
            found.codes.append(made["join_code"])
        for code in found.codes * 3:
            found.seats.append(client.post("/v1/games/seats", json={"join_code": code}).json()["seat"])
            shown = client.get("/v1/games/seat/round", headers={"X-Seat": found.seats[-1]}).json()
            found.pictures += shown["round"]["pictures"]
    return found
