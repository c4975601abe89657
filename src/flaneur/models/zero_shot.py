"""Cities and a CLIP network in; the linear head that compares photos with sentences about the cities, out.

``logits = exp(logit_scale) * cosine(image, text)`` (Radford et al. 2021, section 3.1.2) is a linear layer on the
image's embedding of length 1, so the finished head is an ordinary one and needs no text tower any more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.functional import normalize

from flaneur.errors import UsageError
from flaneur.models.backbones import Start, known
from flaneur.models.encoders.clip_encoder import Clip, check_name, create_whole
from flaneur.models.hub import Consent, told
from flaneur.models.weights import find_weights, read_weights
from flaneur.prompts import Prompts, prompts_of
from flaneur.types import City

_BATCH = 256
Told = Callable[[int, int], None]
"""Told before each batch how many prompts are embedded, of how many."""


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

    Raises:
        UsageError: a country that is needed and unknown.
    """
    groups = [prompts_of(city, prompts) for city in cities]
    texts = [text for group in groups for text in group]
    rows = []
    for start in range(0, len(texts), _BATCH):
        if say is not None:
            say(start, len(texts))
        rows.append(normalize(encode_texts(clip, texts[start : start + _BATCH]), dim=-1))
    means = [group.mean(0) for group in torch.split(torch.cat(rows), [len(group) for group in groups])]
    head: Tensor = normalize(torch.stack(means), dim=-1).T * clip.network.logit_scale.exp()
    return head.clone()


@torch.inference_mode()
def encode_texts(clip: Clip, texts: Sequence[str]) -> Tensor:
    """Texts to ``[N, D]``, not normalised: as open_clip's ``encode_text``, without the empty end of its 77 tokens.

    A token of a causal transformer sees none behind it, and the embedding is read off the last one, so what is left
    away changes nothing; short prompts take a quarter of the time.
    """
    network, tokens = clip.network, clip.tokenizer(list(texts))
    last = tokens.argmax(dim=-1)  # the token that ends a text has the highest number
    length = int(last.max()) + 1
    rows = network.token_embedding(tokens[:, :length]) + network.positional_embedding[:length]
    rows = network.ln_final(network.transformer(rows, attn_mask=network.attn_mask[:length, :length]))
    embedding: Tensor = rows[torch.arange(len(rows)), last] @ network.text_projection
    return embedding


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
    return embed_prompts(clip_network(backbone, weights), cities, prompts)


def check_clip(backbone: str, weights: str = "") -> str:
    """The network's name within its family, looked up before anything is loaded.

    Args:
        backbone: as a recipe says it.
        weights: likewise; empty for the hub.

    Raises:
        UsageError: no CLIP network, with a suggestion; none whose weights are on the hub.
    """
    if not backbone.startswith("clip/"):
        raise UsageError(f"{backbone!r} knows no text. Name a CLIP network, such as clip/ViT-B-32:laion2b_s34b_b79k.")
    _, name = known(backbone)
    check_name(name, from_hub=not weights)
    return name


def clip_network(backbone: str, weights: str = "", consent: Consent = told) -> Clip:
    """A CLIP network with both towers and their weights.

    Args:
        backbone: as a recipe says it.
        weights: likewise; empty for the hub.
        consent: is asked before weights are fetched from the hub.

    Raises:
        UsageError: no CLIP network; consent was not given.
        InputError: weights that cannot be had or do not fit.
    """
    name = check_clip(backbone, weights)
    start: Start = read_weights(find_weights(Path(weights), name), torch.device("cpu")) if weights else "hub"
    return create_whole(name, start, consent)
