"""Sound picture files in; the same cut, flipped, spliced and shuffled out."""

from __future__ import annotations

import itertools
from functools import cache

import numpy as np

from malformed import encoded, picture

Rng = np.random.Generator
READ = ("JPEG", "PNG", "WEBP", "AVIF")
_BASES = 4
_MODES = {"MSP": "1", "XBM": "1", "SPIDER": "F", "BLP": "P"}


def sound(rng: Rng, kind: str = "") -> bytes:
    """One of four files of a kind; of any kind that is read, by default."""
    return _bases(kind or str(rng.choice(READ)))[int(rng.integers(_BASES))]


def cut(rng: Rng, kind: str) -> bytes:
    """The first hundredths of a file."""
    data = sound(rng, kind)
    return data[: max(1, len(data) * int(rng.integers(1, 100)) // 100)]


def flipped(rng: Rng, data: bytes, places: np.ndarray) -> bytes:
    """One to eight bits changed, somewhere among these places."""
    changed = np.frombuffer(data, np.uint8).copy()
    for place in rng.choice(places, min(len(places), int(rng.integers(1, 9)))):
        changed[place] ^= 1 << int(rng.integers(8))
    return changed.tobytes()


def flipped_header(rng: Rng, kind: str) -> bytes:
    """Some bits of the first bytes of one part: a segment, a chunk, a box."""
    data = sound(rng, kind)
    starts = [start for start in parts_of(data, kind) if start < len(data)]
    start = int(rng.choice(starts))
    return flipped(rng, data, np.arange(start, min(start + 24, len(data))))


def spliced(rng: Rng) -> bytes:
    """The beginning of one file and the end of another, perhaps of another kind."""
    one, other = sound(rng), sound(rng)
    at, to = int(rng.integers(2, len(one))), int(rng.integers(len(other)))
    return one[:at] + other[to:] + (one[at:] if rng.random() < 0.5 else b"")


def shuffled(rng: Rng) -> bytes:
    """Parts of one file in another order, some twice."""
    kind = str(rng.choice(READ[:3]))
    data = sound(rng, kind)
    starts = [*parts_of(data, kind)[1:], len(data)]
    parts = [data[start:end] for start, end in itertools.pairwise(starts)]
    order = rng.integers(0, len(parts), len(parts) + 1)
    return data[: starts[0]] + b"".join(parts[number] for number in order)


def beginning(rng: Rng) -> bytes:
    """The first few bytes, or none."""
    return sound(rng)[: int(rng.integers(0, 48))]


def parts_of(data: bytes, kind: str) -> list[int]:
    """Where parts begin, as far as an undamaged file says."""
    found, at = [0], {"JPEG": 2, "PNG": 8, "WEBP": 12, "AVIF": 0}[kind]
    while at + 8 <= len(data):
        found.append(at)
        match kind:
            case "JPEG":
                if data[at + 1] == 0xDA:
                    break
                at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
            case "PNG":
                at += 12 + int.from_bytes(data[at : at + 4], "big")
            case "WEBP":
                at += 8 + (int.from_bytes(data[at + 4 : at + 8], "little") + 1) // 2 * 2
            case _:  # the boxes of AVIF are nested, and all of them stand before the pixels
                at += 24
    return found


@cache
def _bases(kind: str) -> list[bytes]:
    rng = np.random.default_rng(7)
    options = {"JPEG": [{}, {"progressive": True}, {"subsampling": 0}, {"restart_marker_rows": 1}]}.get(kind, [{}])
    if kind == "WEBP":
        options = [{}, {"lossless": True}]
    made = (options[number % len(options)] for number in range(_BASES))
    return [encoded(picture(rng, _MODES.get(kind, "RGB")), kind, **one) for one in made]
