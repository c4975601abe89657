"""The family ``timm/``: any of timm's image networks, its weights from a local file or the hub."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from flaneur.errors import UsageError, did_you_mean
from flaneur.models import hub
from flaneur.models.backbones import Backbone, Part, Start, load_strictly, unknown_network
from flaneur.models.shims import load_timm
from flaneur.models.weights import Weights, read_weights
from flaneur.protocols import PreprocessSpec

_SAFE = "model.safetensors"  # timm would take pytorch_model.bin as well, which is pickled


class TimmBackbone(Backbone):
    """A timm network cut into stages by its own table of feature maps (``feature_info``), transformers into blocks.

    A stage is everything from behind the map before it up to its own map, in the network's order; the first has the
    stem, and the last all that follows its map. A map that no weights of its own lead to (VGG's last pooling) takes
    the place of the one before it.

    Args:
        name: as a recipe says it.
        network: with its classifier, which is taken off.
        own: whether the layers behind the last map are kept.
    """

    network: Any  # timm's networks share methods, but no type

    def __init__(self, name: str, network: nn.Module, *, own: bool) -> None:
        info: list[dict[str, Any]] = list(network.feature_info)  # type: ignore[arg-type]  # timm has no types
        paths = [entry["module"] for entry in info]
        bounds = _bounds(network, paths)
        kept = [index for index in range(len(info)) if index + 1 == len(info) or _weighed(network, bounds, index)]
        super().__init__(name, network, [info[index]["num_chs"] for index in kept], preprocess_of(network))
        if own:
            self.own_dim = int(self.network.head_hidden_size)
            self.network.reset_classifier(0)
        else:
            self.network.prune_intermediate_layers([kept[-1]], prune_norm=True, prune_head=True)
        config = self.network.pretrained_cfg
        self.fixed_size_px = int(config["input_size"][-1]) if config.get("fixed_input_size") else 0
        self._indices = kept
        self._parts = _cut(self.network, [paths[index] for index in kept])

    def parts(self) -> list[nn.Module]:
        """One a stage; fewer where timm does not say which module a map comes from."""
        return [Part(self.network, modules, loose) for modules, loose in self._parts]

    def maps(self, images: Tensor, count: int) -> list[Tensor]:
        """The last ``count`` maps; of a transformer those of its last blocks, before any final norm."""
        wanted = self._indices[-count:]
        found: list[Tensor] = self.network.forward_intermediates(images, indices=wanted, intermediates_only=True)
        return found

    def own(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """What timm's classifier would see, and the last map."""
        final, maps = self.network.forward_intermediates(images, indices=self._indices[-1:])
        embedding: Tensor = self.network.forward_head(final, pre_logits=True)
        return embedding, maps[-1]


def names() -> list[str]:
    """Every architecture timm has, without the tags of its weights."""
    timm = load_timm()
    listed: list[str] = timm.list_models()
    return listed


def create(name: str, start: Start, *, own: bool) -> Backbone:
    """A timm network, such as ``resnet50.a1_in1k``; see :mod:`flaneur.models.backbones`.

    Raises:
        UsageError: an unknown name, with a suggestion; a network that gives no feature maps.
        InputError: weights that do not fit, or a hub that cannot be reached.
    """
    timm = load_timm()
    _check_name(name, start)
    looked_at_only = torch.empty(0).device.type == "meta"
    network = _from_hub(name) if start == "hub" and not looked_at_only else timm.create_model(name)
    if not hasattr(network, "forward_intermediates"):
        raise UsageError(f"timm/{name} gives no feature maps; choose another network.")
    if isinstance(start, Weights):
        load_strictly(network, start, f"timm/{name}", unused=_classifiers(network))
    return TimmBackbone(f"timm/{name}", network, own=own)


def preprocess_of(network: Any) -> PreprocessSpec:
    """The preprocessing that a timm network's own configuration asks for."""
    config: dict[str, Any] = dict(network.pretrained_cfg)
    mean, std = (tuple(float(x) for x in config[key]) for key in ("mean", "std"))
    interpolation = config.get("interpolation", "bilinear")
    return PreprocessSpec(
        size_px=int(config["input_size"][-1]),
        mean=(mean[0], mean[1], mean[2]),
        std=(std[0], std[1], std[2]),
        interpolation=interpolation if interpolation in ("bilinear", "bicubic") else "bilinear",
    )


def _check_name(name: str, start: Start) -> None:
    timm = load_timm()
    architecture, _, tag = name.partition(".")
    if not timm.is_model(architecture):
        raise unknown_network("timm", architecture, timm.list_models(), "resnet50")
    tagged = timm.list_pretrained(f"{architecture}.*")
    if tag and name not in tagged:
        few = f" It has: {', '.join(one.partition('.')[2] for one in tagged)}." if tagged else " It has none."
        raise UsageError(f"timm/{architecture} has no weights called {tag!r}.{did_you_mean(name, tagged) or few}")
    if start == "hub" and not tagged:
        raise UsageError(
            f'timm/{name}: nobody publishes weights of it. Say initial = "random", or name a safetensors file.'
        )
    if start == "hub" and not timm.get_pretrained_cfg(name).hf_hub_id:
        raise UsageError(
            f"timm/{name}: its weights are published pickled alone, and such files run code when opened. Convert them "
            'to safetensors where you trust them and name that file (weights, or --weights), or say initial = "random".'
        )


def _from_hub(name: str) -> Any:
    """A network with its publisher's weights, which timm itself brings into its own names and shapes."""
    timm = load_timm()
    repository = timm.get_pretrained_cfg(name).hf_hub_id
    tensors = read_weights(hub.fetch(repository, _SAFE, f"timm/{name}"), torch.device("cpu")).tensors
    network: Any = timm.create_model(name, pretrained=True, pretrained_cfg_overlay={"state_dict": dict(tensors)})
    network.pretrained_cfg["state_dict"] = None  # else they stay in memory
    return network


def _classifiers(network: Any) -> list[str]:
    """Prefixes of the classifier's tensors; some networks have two."""
    said = network.default_cfg.get("classifier") or "classifier"
    return [f"{one}." for one in ([said] if isinstance(said, str) else said)]


def _bounds(network: nn.Module, paths: list[str]) -> list[int]:
    """Where each map's module ends in the order of ``named_modules``; -1 where there is no module of that name."""
    order = [name for name, _ in network.named_modules()]
    return [
        max((at for at, name in enumerate(order) if name == path or name.startswith(f"{path}.")), default=-1)
        for path in paths
    ]


def _weighed(network: nn.Module, bounds: list[int], index: int) -> bool:
    """Whether weights lie between a map and the next one."""
    modules = [module for _, module in network.named_modules()]
    between = modules[bounds[index] + 1 : bounds[index + 1] + 1]
    return -1 in bounds[index : index + 2] or any(True for one in between for _ in one.parameters(recurse=False))


def _cut(network: nn.Module, paths: list[str]) -> list[tuple[list[str], list[str]]]:
    """For each stage the largest modules that lie in it as a whole, and loose parameters of those that do not.

    Args:
        network: after what is not needed was taken off.
        paths: of the modules that the maps come from.
    """
    order = {name: at for at, (name, _) in enumerate(network.named_modules())}
    ends = sorted({bound for bound in _bounds(network, paths) if bound >= 0})[:-1]  # the last stage has all the rest
    stages: list[tuple[list[str], list[str]]] = [([], []) for _ in range(len(ends) + 1)]

    def place(path: str, module: nn.Module) -> None:
        inside = [at for name, at in order.items() if not path or name == path or name.startswith(f"{path}.")]
        first, last = (sum(at > end for end in ends) for at in (min(inside), max(inside)))
        if first == last:
            stages[first][0].append(path)
            return
        stages[first][1].extend(
            f"{path}.{name}" if path else name for name, _ in module.named_parameters(recurse=False)
        )
        for name, child in module.named_children():
            place(f"{path}.{name}" if path else name, child)

    place("", network)
    return stages
