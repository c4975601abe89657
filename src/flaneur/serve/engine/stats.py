"""What an engine does in; counts of it at one moment out, for metrics and tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Stats:
    """An engine at one moment; totals count since its start.

    Args:
        waiting_photos: accepted, and no decoder has begun them.
        running_photos: in a decoder, in the network, or between the two.
        held_bytes: of photos that are accepted and not answered.
        clients: with photos waiting.
        waiting_explanations: heat maps accepted and not begun.
        running_explanations: being made.
        photos_answered: total of photos with scores.
        photos_redrawn: total of photos that were only shown, in a game.
        photos_failed: total by error code.
        photos_cancelled: total of photos whose client went before they were answered.
        explanations_made: total.
        explanations_failed: total, of any cause but their client's going.
        explanations_cancelled: total.
        refused: total of refused requests by :attr:`flaneur.serve.engine.ticket.Busy.why`.
        batches: size of a batch to the total of network runs of that size.
        stage_seconds: ``wait``, ``decode``, ``network`` to the total of seconds that photos spent there.
        decoders: processes that decode, alive now.
        decoders_restarted: total of decoders that died or were ended and were replaced.
        explainers_restarted: likewise of the process that makes heat maps.
    """

    waiting_photos: int
    running_photos: int
    held_bytes: int
    clients: int
    waiting_explanations: int
    running_explanations: int
    photos_answered: int
    photos_redrawn: int
    photos_failed: Mapping[str, int]
    photos_cancelled: int
    explanations_made: int
    explanations_failed: int
    explanations_cancelled: int
    refused: Mapping[str, int]
    batches: Mapping[int, int]
    stage_seconds: Mapping[str, float]
    decoders: int
    decoders_restarted: int
    explainers_restarted: int
