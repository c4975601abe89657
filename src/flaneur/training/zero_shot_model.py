"""Cities and a CLIP network in; an ordinary model that names these cities out, though nothing was trained."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flaneur.bundle.card import AbstainRule, Card, DatasetInfo, EncoderInfo, today
from flaneur.bundle.folder import Bundle, write_bundle
from flaneur.errors import InputError, UsageError
from flaneur.files import sha256_file, sha256_json
from flaneur.gazetteer import ATTRIBUTION
from flaneur.onnx_files import graph as onnx_graph
from flaneur.onnx_files.graph import HeadParams, NoveltyParams
from flaneur.onnx_files.proto import Proto
from flaneur.prompts import Prompts, prompts_of
from flaneur.protocols import PreprocessSpec
from flaneur.types import City

if TYPE_CHECKING:
    from flaneur.models.encoders.clip_encoder import Clip
    from flaneur.models.hub import Consent

DEFAULT_CLIP = "clip/ViT-B-32:laion2b_s34b_b79k"
_MOST_BYTES = 960_000_000
"""That an image tower's weights may take: protobuf holds 2 GB while they are still float32, a model's file 1 GB."""
Say = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, of how much."""


@dataclass(frozen=True, slots=True)
class ZeroShotRule:
    """Which cities a model names, and by what.

    Args:
        cities: at least two.
        clip: a network of the family ``clip/``, as recipes name it.
        weights: a safetensors file of both its towers; empty for the hub.
        prompts: what is said of each city; see :func:`flaneur.prompts.prompts_of`.
        halve: whether the encoder's weights are stored as float16: half the size; logits move by some thousandths.
    """

    cities: tuple[City, ...]
    clip: str = DEFAULT_CLIP
    weights: str = ""
    prompts: Prompts = "ensemble"
    halve: bool = True

    def __post_init__(self) -> None:
        if len(self.cities) < 2:
            raise UsageError(f"A model tells at least two cities apart; there is {len(self.cities)}. Name more.")


def default_name(rule: ZeroShotRule) -> str:
    """A name that is the same for the same cities, prompts and network, and for no others.

    Raises:
        InputError: a weight file that cannot be read.
    """
    said = [[city.slug, city.name, *prompts_of(city, rule.prompts)] for city in rule.cities]
    try:
        weights = sha256_file(Path(rule.weights)) if rule.weights else ""
    except OSError as error:
        raise InputError(f"{rule.weights}: cannot be read ({error.strerror}). Name a safetensors file.") from error
    return f"zero-shot-{sha256_json([rule.clip, weights, rule.halve, said])[:12]}"


def make_zero_shot(
    rule: ZeroShotRule, out: Path, *, name: str, consent: Consent | None = None, say: Say | None = None
) -> Bundle:
    """Write the model; one that is there is replaced.

    Args:
        rule: settings.
        out: folder of the model.
        name: of the model.
        consent: is asked before weights are fetched from the hub; without it they are, and their size is logged.
        say: is told how far it is.

    Raises:
        UsageError: an unknown network, one that is too large, or a country that the prompts need and is not known.
        InputError: weights that cannot be had or do not fit.
        IntegrityError: the exported network differs from torch's.
    """
    from flaneur.models.hub import told
    from flaneur.models.zero_shot import check_clip, clip_network, embed_prompts

    def tell(stage: str, done: int, total: int) -> None:
        if say is not None:
            say(stage, done, total)

    check_clip(rule.clip, rule.weights)
    tell("load", 0, 1)
    clip = clip_network(rule.clip, rule.weights, consent or told)
    weight = embed_prompts(clip, rule.cities, rule.prompts, lambda done, total: tell("prompts", done, total)).numpy()
    tell("export", 0, 1)
    encoder = export_encoder_of(clip)
    encoder = onnx_graph.compress_weights(encoder) if rule.halve else encoder
    head = HeadParams(weight, weight[0] * 0)
    graph = onnx_graph.append_head(encoder, head, NoveltyParams("max_probability"))
    card = _card(rule, name, encoder, clip.preprocess, clip.network.logit_scale.exp().item())
    bundle = write_bundle(out, graph, card, readme=_readme(card))
    tell("export", 1, 1)
    return bundle


def export_encoder_of(clip: Clip) -> Proto:
    """A CLIP network's image tower as an ONNX graph that gives embeddings of length 1.

    Raises:
        UsageError: it is too large for a model's file.
        IntegrityError: the graph's answers differ from torch's.
    """
    from flaneur.models.encoder import Encoder
    from flaneur.models.encoders.clip_encoder import ClipBackbone
    from flaneur.training.networks.export import export_encoder
    from flaneur.training.recipes.recipe import NetworkRule

    backbone = ClipBackbone(f"clip/{clip.name}", clip.network.visual, clip.preprocess, own=True)
    taken = 2 * sum(parameter.numel() for parameter in backbone.parameters())
    if taken > _MOST_BYTES:
        raise UsageError(
            f"clip/{clip.name}: its image tower takes {taken / 1e6:,.0f} MB as float16; a model holds "
            f"{_MOST_BYTES / 1e6:,.0f}. Choose a smaller network, such as clip/ViT-B-16."
        )
    size_px = clip.preprocess.size_px
    encoder = Encoder(backbone, NetworkRule(backbone.name, pooling="own", size_px=size_px), size_px)
    return onnx_graph.strip_traces(export_encoder(encoder, size_px))


def _card(rule: ZeroShotRule, name: str, encoder: Proto, spec: PreprocessSpec, scale: float) -> Card:
    facts: dict[str, Any] = {
        "clip": rule.clip, "weights": Path(rule.weights).name or "hub", "prompts": rule.prompts,
        "said_of_the_first": list(prompts_of(rule.cities[0], rule.prompts)), "scale": round(scale, 4),
    }  # fmt: skip
    return Card(
        name=name,
        version="1",
        created=today(),
        cities=tuple(City(city.slug, city.name, city.country, city.centre, city.radius_km) for city in rule.cities),
        encoder=EncoderInfo(rule.clip, onnx_graph.encoder_hash(encoder), onnx_graph.embedding_dim(encoder)),
        preprocess=spec,
        temperature=1.0,
        abstain=AbstainRule("max_probability"),
        dataset=DatasetInfo("none", "", 0, 0),
        licences=(f"Names of cities: {ATTRIBUTION}",),
        training={"zero_shot": facts},
        limits=_limits(rule),
    )


def _limits(rule: ZeroShotRule) -> tuple[str, ...]:
    count = len(rule.cities)
    lines = [
        "It saw no photo that was labelled with these cities: it compares a photo with sentences about them.",
        "Its probabilities are not calibrated (temperature 1): how far to trust them was not measured.",
        f"It always answers with one of its {count} cities, also for a photo of another; no doubt was measured.",
    ]
    if alike := _said_alike(rule):
        lines.append(f"The same is said of {', '.join(alike)}: it cannot tell them apart.")
    return tuple(lines)


def _said_alike(rule: ZeroShotRule) -> Sequence[str]:
    """Slugs of cities that share their prompts with another."""
    said = [prompts_of(city, rule.prompts) for city in rule.cities]
    times = Counter(said)
    return [city.slug for city, own in zip(rule.cities, said, strict=True) if times[own] > 1]


def _readme(card: Card) -> str:
    facts = card.training["zero_shot"]
    cities = "".join(f"| {city.name} | `{city.slug}` | {city.country} |\n" for city in card.cities)
    prompts = "".join(f"- {text}\n" for text in facts["said_of_the_first"])
    limits = "".join(f"- {limit}\n" for limit in card.limits)
    return f"""# {card.name} {card.version}

Names {len(card.cities)} cities without having been trained on them. Made {card.created} by flaneur.

## How it was made

`{card.encoder.name}` embeds photos and sentences alike; a photo gets the city whose sentences it is nearest to. Nothing
was trained, and no photo was looked at. The first city's sentences ({facts["prompts"]}):

{prompts}
{card.licences[0]}. The network's weights have the licence of their publisher.

## What it cannot do

{limits}
## Cities

| city | slug | country |
| --- | --- | --- |
{cities}"""
