"""Exports of networks, which take seconds each, shared by those of one shape."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from flaneur.onnx_files import proto as onnx_proto
from flaneur.training.networks import export


@contextmanager
def exported_once() -> Iterator[None]:
    """Networks of one shape share the first one's graph: for tests that compare weights as such, or no answers."""
    real, kept = export.export_encoder, {}

    def shared(encoder: Any, size_px: int) -> Any:
        sizes = ((key, tuple(value.shape)) for key, value in encoder.state_dict().items())
        shape = (str(encoder), encoder.pooling, encoder.stages, size_px, *sizes)
        if shape not in kept:
            kept[shape] = real(encoder, size_px)
        return onnx_proto.load(onnx_proto.to_bytes(kept[shape]))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(export, "export_encoder", shared)
        yield
