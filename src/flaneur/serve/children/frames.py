"""A few JSON values and some blocks of bytes in; one frame on a pipe out, and back. Nothing in a frame is code.

A frame is the length of its header (4 bytes, big-endian), the header (JSON), and the blocks, whose lengths are in it.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO, TypeAlias

_LENGTH = struct.Struct(">I")
_MOST_HEADER_BYTES = 1 << 20
_BLOCKS = "blocks"

Frame: TypeAlias = tuple[dict[str, Any], list[bytes]]
"""Header and blocks."""


def write_frame(pipe: BinaryIO, header: Mapping[str, Any], blocks: Sequence[bytes] = ()) -> None:
    """Send one frame.

    Raises:
        OSError: nobody reads any more.
    """
    text = json.dumps({**header, _BLOCKS: [len(block) for block in blocks]}).encode()
    pipe.write(_LENGTH.pack(len(text)) + text)
    for block in blocks:
        pipe.write(block)
    pipe.flush()


def read_frame(pipe: BinaryIO, most_bytes: int) -> Frame:
    """Receive one frame.

    Args:
        pipe: to read from.
        most_bytes: that the blocks may have together.

    Raises:
        EOFError: the pipe ended, at the beginning of a frame or within.
        ValueError: not a frame, or one above the limit.

    >>> from io import BytesIO
    >>> pipe = BytesIO()
    >>> write_frame(pipe, {"model": "base"}, [b"abc", b""])
    >>> _ = pipe.seek(0)
    >>> read_frame(pipe, 10)
    ({'model': 'base'}, [b'abc', b''])
    """
    (length,) = _LENGTH.unpack(_exactly(pipe, _LENGTH.size))
    if length > _MOST_HEADER_BYTES:
        raise ValueError(f"a header of {length:,} bytes")
    header = json.loads(_exactly(pipe, length))
    sizes = header.pop(_BLOCKS, None) if isinstance(header, dict) else None
    if not isinstance(sizes, list) or not all(isinstance(size, int) and size >= 0 for size in sizes):
        raise ValueError("a frame without the lengths of its blocks")
    if sum(sizes) > most_bytes:
        raise ValueError(f"a frame of {sum(sizes):,} bytes; the limit is {most_bytes:,}")
    return header, [_exactly(pipe, size) for size in sizes]


def _exactly(pipe: BinaryIO, count: int) -> bytes:
    data = pipe.read(count)
    if len(data) < count:
        raise EOFError("the other side is gone")
    return data
