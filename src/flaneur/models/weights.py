"""A safetensors file's name in; its tensors, or only their shapes, out. Nothing here runs code from a file."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from flaneur.errors import InputError, WeightsError, did_you_mean

RUN_PREFIX = "encoder.backbone.network."
"""Of a backbone's tensors in the ``weights.safetensors`` that a training leaves."""
_PICKLED = (".pth", ".pt", ".bin", ".ckpt", ".pkl")


@dataclass(frozen=True, slots=True)
class Weights:
    """The tensors of one file.

    Args:
        path: of the file, for messages.
        tensors: by the publisher's names; on the ``meta`` device they have shapes and no values.
    """

    path: Path
    tensors: Mapping[str, Tensor]

    def of_run(self) -> Weights | None:
        """The backbone alone, under its publisher's names, if a training of flaneur's left this file."""
        found = {
            key.removeprefix(RUN_PREFIX): value for key, value in self.tensors.items() if key.startswith(RUN_PREFIX)
        }
        return Weights(self.path, found) if found else None

    def compare(
        self,
        name: str,
        state: Mapping[str, Tensor],
        needed: Mapping[str, tuple[int, ...]],
        optional: Collection[str] = (),
    ) -> None:
        """Check that a state has exactly the needed tensors.

        Args:
            name: of the network.
            state: some of the file's tensors, as the network calls them.
            needed: shapes by name.
            optional: names that may be missing.

        Raises:
            InputError: the first tensor, in the network's order, that is not as it must be.
        """
        missing = [key for key in needed if key not in state and key not in optional]
        foreign = sorted(set(state) - set(needed))
        other = [key for key in needed if key in state and tuple(state[key].shape) != needed[key]]
        if not (missing or foreign or other):
            return
        if other:
            first = f"{other[0]!r} has shape {list(state[other[0]].shape)} and needs {list(needed[other[0]])}"
        elif missing:
            first = f"{missing[0]!r} is missing"
        else:
            first = f"{foreign[0]!r} is not of this network"
        count = len(missing) + len(foreign) + len(other)
        others = "" if count == 1 else f" ({count} tensors differ)"
        raise InputError(f"{self.path}: does not fit {name}: {first}{others}. Name a file of that network.")


def find_weights(path: Path, name: str) -> Path:
    """The safetensors file that a recipe names.

    Args:
        path: a file, or a folder that holds ``NAME.safetensors``; a name with a tag (``resnet50.a1_in1k``,
            ``ViT-B-32:openai``) may leave it away there, and ``/`` is written ``-``.
        name: of the network within its family.

    Raises:
        WeightsError: no such file.
        InputError: a pickled one, which would run code.
    """
    plain = name.replace("/", "-")
    if path.is_dir():
        tried = list(dict.fromkeys([f"{plain}.safetensors", f"{_stem(plain)}.safetensors"]))
        for file in tried:
            if (path / file).is_file():
                return path / file
        lacks = f"has neither {' nor '.join(tried)}" if len(tried) > 1 else f"has no {tried[0]}"
        raise WeightsError(f"{path}: {lacks}.{_near(tried[0], plain, path) or ' Name the weight file itself.'}")
    if path.suffix in _PICKLED:
        raise InputError(
            f"{path}: a pickled weight file runs code when it is opened and is refused. Convert it to safetensors "
            "where you trust it (safetensors.torch.save_file) and name that file."
        )
    if not path.is_file():
        near = _near(path.name, plain, path.parent)
        raise WeightsError(f"{path}: no such weight file.{near or ' Name a .safetensors file.'}")
    return path


def _stem(name: str) -> str:
    """A network's name without the tag of its weights."""
    return re.split("[.:]", name)[0]


def _near(file: str, name: str, folder: Path) -> str:
    """A hint at a file of the same network with another tag, never at that of another network."""
    same = [one.name for one in sorted(folder.glob("*.safetensors")) if _stem(one.name) == _stem(name)]
    return did_you_mean(file, same, cutoff=0.0)


def read_weights(path: Path, device: torch.device) -> Weights:
    """A file's tensors; on the ``meta`` device only its header is read.

    Raises:
        InputError: not a safetensors file.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        if device.type == "meta":
            return Weights(path, {key: torch.empty(shape, device="meta") for key, shape in shapes_of(path).items()})
        return Weights(path, load_file(path, device=str(device)))
    except (OSError, SafetensorError, ValueError) as error:
        raise InputError(
            f"{path}: not readable as safetensors ({error}). Get the file again, or name another with --weights."
        ) from error


def shapes_of(path: Path) -> dict[str, list[int]]:
    """Shapes by name from a safetensors header; the tensors are not read."""
    from safetensors import safe_open

    with safe_open(path, framework="pt", device="cpu") as file:
        return {key: list(file.get_slice(key).get_shape()) for key in file.keys()}  # noqa: SIM118  # no mapping
