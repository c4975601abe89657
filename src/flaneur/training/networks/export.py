"""A torch encoder in; its ONNX graph, checked against torch, out. Whatever was trained in torch is used without it."""

from __future__ import annotations

import io
import logging
import warnings
from contextlib import redirect_stdout
from pathlib import Path

import numpy as np
import torch
from torch import nn

from flaneur.encoder import OnnxEncoder
from flaneur.errors import IntegrityError
from flaneur.models.backbones import create_backbone
from flaneur.models.encoder import Encoder
from flaneur.onnx_files import graph as onnx_graph
from flaneur.onnx_files.proto import Proto
from flaneur.protocols import PreprocessSpec
from flaneur.training.recipes.recipe import NetworkRule

# The newest opset that onnxruntime, onnxruntime-web and the head's operators (axes as attributes) agree on.
OPSET = 17
_TOLERANCE = 1e-3


def export_encoder(encoder: nn.Module, size_px: int) -> Proto:
    """Export an encoder with a dynamic batch and compare it with torch at batch 1, 2 and 7.

    Args:
        encoder: ``[B, 3, H, W]`` to embedding ``[B, D]`` and feature map ``[B, K, h, w]``.
        size_px: side of the square it sees.

    Raises:
        IntegrityError: the graph's answers differ from torch's.
    """
    encoder = encoder.eval().to("cpu", memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    images = torch.randn(2, 3, size_px, size_px, generator=torch.Generator().manual_seed(0))
    for name in ("torch.onnx", "onnxscript", "onnx_ir"):
        logging.getLogger(name).setLevel(logging.ERROR)
    with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            encoder,
            (images,),
            dynamo=True,
            opset_version=OPSET,
            input_names=["image"],
            output_names=["embedding", "feature_map"],
            dynamic_shapes=({0: torch.export.Dim("batch", min=1, max=4096)},),
            external_data=False,
            verbose=False,
        )
    assert program is not None  # noqa: S101  # dynamo=True always returns one
    graph = onnx_graph.load(program.model_proto.SerializeToString())
    _compare(encoder, graph, size_px)
    return graph


def frozen_encoder(name: str, weights: Path | None = None, *, stages: int = 3) -> OnnxEncoder:
    """A pretrained backbone as it is, ready to learn heads on.

    Args:
        name: ``FAMILY/NAME`` as in a recipe, or timm's name alone, such as ``resnet50.a1_in1k``.
        weights: a safetensors file or a folder of them, or ``None`` for the hub.
        stages: how many of its last stages are pooled.

    Raises:
        UsageError: no such network.
        InputError: weights that cannot be had or do not fit.
    """
    rule = _frozen(name, weights, stages)
    backbone = create_backbone(rule)
    spec = backbone.preprocess
    graph = export_encoder(Encoder(backbone, rule, spec.size_px), spec.size_px)
    return OnnxEncoder(rule.backbone, onnx_graph.strip_traces(graph), spec)


def frozen_preprocess(name: str, weights: Path | None = None) -> PreprocessSpec:
    """What :func:`frozen_encoder` sees, without its weights and in no time.

    Args:
        name: as there.
        weights: as there; only the header is read.

    Raises:
        UsageError: no such network.
        InputError: a weight file that is missing or does not fit.
    """
    with torch.device("meta"):
        return create_backbone(_frozen(name, weights)).preprocess


def _frozen(name: str, weights: Path | None, stages: int = 3) -> NetworkRule:
    return NetworkRule(name if "/" in name else f"timm/{name}", str(weights or ""), stages=stages)


@torch.inference_mode()
def _compare(encoder: nn.Module, graph: Proto, size_px: int) -> None:
    import onnxruntime

    session = onnxruntime.InferenceSession(onnx_graph.to_bytes(graph), providers=["CPUExecutionProvider"])
    for batch in (1, 2, 7):
        images = torch.rand(batch, 3, size_px, size_px, generator=torch.Generator().manual_seed(batch)) * 4 - 2
        expected = encoder(images)[0].numpy()
        got = session.run(["embedding"], {"image": images.numpy()})[0]
        apart = float(np.abs(got - expected).max() / max(1e-6, np.abs(expected).max()))
        if not apart <= _TOLERANCE:
            raise IntegrityError(
                f"The exported network differs from torch by {apart:.2g} of the largest value at batch {batch}. "
                "Report this with the network's name."
            )
