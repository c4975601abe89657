"""Cities and a CLIP network in; prompts, and the linear head that compares photos with them, out.

``logits = exp(logit_scale) * cosine(image, text)`` (Radford et al. 2021, section 3.1.2) is a linear layer on the
image's embedding of length 1, so the finished head is an ordinary one and needs no text tower any more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import normalize

from flaneur.cities import located
from flaneur.errors import UsageError
from flaneur.gazetteer import country_name
from flaneur.models.backbones import Start, known
from flaneur.models.encoders.clip_encoder import Clip, create_whole
from flaneur.models.hub import Consent, told
from flaneur.models.weights import find_weights, read_weights
from flaneur.types import City

Prompts = Literal["city-country", "city", "country", "ensemble"]
PROMPTS: tuple[Prompts, ...] = ("ensemble", "city-country", "city", "country")
TEMPLATES = (
    "a photo of {}.",
    "a street view photo of {}.",
    "a Google Street View image taken in {}.",
    "a photo taken from a car on a road in {}.",
    "a street in {}.",
    "houses and shops along a street in {}.",
    "a residential neighbourhood in {}.",
    "a city street in {}, with its buildings, signs and cars.",
)
"""What ``ensemble`` says of each place; averaging prompts is section 3.1.4 of Radford et al. 2021."""

_BATCH = 256
Told = Callable[[int, int], None]
"""Told how many prompts are embedded, of how many."""


def prompts_of(city: City, prompts: Prompts) -> tuple[str, ...]:
    """What is said of a city.

    Args:
        city: its country is looked up in the gazetteer if it says none; see :func:`flaneur.cities.located`.
        prompts: the three formats of Devabhaktuni et al. (``city-country``, ``city``, ``country``), or ``ensemble``:
            :data:`TEMPLATES` of city and country, or of the city alone where no country is known.

    Raises:
        UsageError: the country is needed and not known.

    >>> prompts_of(City("porto-pt", "Porto", "PT"), "city-country")
    ('Porto, Portugal',)
    """
    if prompts == "city":
        return (city.name,)
    country = located(city).country
    if prompts == "ensemble":
        place = f"{city.name}, {country_name(country)}" if country else city.name
        return tuple(template.format(place) for template in TEMPLATES)
    if not country:
        raise UsageError(
            f"{city.slug}: its country is not known, which prompts {prompts!r} name. Choose the prompts 'city', or "
            "give it a country in cities.toml."
        )
    return (country_name(country),) if prompts == "country" else (f"{city.name}, {country_name(country)}",)


@torch.inference_mode()
def embed_prompts(clip: Clip, cities: Sequence[City], prompts: Prompts, say: Told | None = None) -> Tensor:
    """Each city's head weights: the mean of its normalised prompts, normalised, times the network's scale.

    Args:
        clip: both towers.
        cities: to be told apart.
        prompts: what is said of each.
        say: is told how far it is.

    Returns:
        ``[D, C]``: an image's embedding of length 1 times this is its logits.
    """
    groups = [prompts_of(city, prompts) for city in cities]
    texts = [text for group in groups for text in group]
    rows = []
    for start in range(0, len(texts), _BATCH):
        rows.append(normalize(clip.network.encode_text(clip.tokenizer(texts[start : start + _BATCH])), dim=-1))
        if say is not None:
            say(min(start + _BATCH, len(texts)), len(texts))
    means = [group.mean(0) for group in torch.split(torch.cat(rows), [len(group) for group in groups])]
    head: Tensor = normalize(torch.stack(means), dim=-1).T * clip.network.logit_scale.exp()
    return head.clone()


def text_head(backbone: str, weights: str, cities: Sequence[City], prompts: Prompts = "ensemble") -> Tensor:
    """Where a fine-tuned CLIP's head starts: ``head_start = "text"``.

    Args:
        backbone: as a recipe says it: ``clip/ViT-B-32:laion2b_s34b_b79k``.
        weights: as a recipe says them: a safetensors file of both towers, a folder, or empty for the hub.
        cities: in the order of the logits.
        prompts: what is said of each.

    Returns:
        ``[D, C]`` for embeddings of ``pooling = "own"``, not standardised.

    Raises:
        UsageError: a backbone that is no CLIP network; a country that is needed and unknown.
        InputError: weights that cannot be had or do not fit.
    """
    return embed_prompts(open_clip_network(backbone, weights), cities, prompts)


def open_clip_network(backbone: str, weights: str = "", consent: Consent = told) -> Clip:
    """A CLIP network with both towers and their weights.

    Args:
        backbone: as a recipe says it.
        weights: likewise; empty for the hub.
        consent: is asked before weights are fetched from the hub.

    Raises:
        UsageError: no CLIP network; consent was not given.
        InputError: weights that cannot be had or do not fit.
    """
    if not backbone.startswith("clip/"):
        raise UsageError(f"{backbone!r} knows no text. Name a CLIP network, such as clip/ViT-B-32:laion2b_s34b_b79k.")
    _, name = known(backbone)
    start: Start = read_weights(find_weights(Path(weights), name), torch.device("cpu")) if weights else "hub"
    return create_whole(name, start, consent)
