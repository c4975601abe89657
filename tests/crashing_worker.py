"""Photos as frames in; what the decoding process says out, except where a photo tells it to misbehave."""

from __future__ import annotations

import os
import struct
import time

from flaneur.serve.decoding import worker

ABORT, HANG, LIE, CODE, NEST = b"ABORT", b"HANG", b"LIE", b"CODE", b"NEST"
_plain = worker.answer


def answer(spec, data):
    if data.endswith(ABORT):
        os.abort()
    if data.endswith(HANG):
        time.sleep(600)
    if data.endswith(LIE):
        return {"gps": [1.0, 2.0]}, [b"too short"]
    if data.endswith(CODE):
        return {"code": "made_up", "message": "\ud800\n"}, []
    if data.endswith(NEST):
        os.write(1, struct.pack(">I", 200_000) + b"[" * 200_000)
    return _plain(spec, data)


if __name__ == "__main__":
    worker.answer = answer
    worker.main()
