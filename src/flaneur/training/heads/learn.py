"""A dataset and an encoder in; a finished model out: head, temperature, thresholds of doubt, card, ONNX."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from flaneur.bundle.card import AbstainRule, Card, DatasetInfo, EncoderInfo, today
from flaneur.bundle.folder import Bundle, write_bundle
from flaneur.cities import located
from flaneur.dataset.audit import AS_PUBLISHED
from flaneur.dataset.split import Split
from flaneur.dataset.store import Dataset
from flaneur.errors import UsageError
from flaneur.fusion import FUSIONS, OWN_FUSION, unknown_fusion
from flaneur.gazetteer import ATTRIBUTION
from flaneur.onnx_files import graph as onnx_graph
from flaneur.onnx_files.graph import AttentionParams, HeadParams, NoveltyParams
from flaneur.protocols import Encoder
from flaneur.training.heads.attention import Views, fit_attention, require_views
from flaneur.training.heads.calibrate import DoubtRule, choose_thresholds, fit_temperature, log_softmax
from flaneur.training.heads.kinds import learn_head
from flaneur.training.heads.known_photos import known_photos
from flaneur.training.heads.logits import head_logits
from flaneur.training.heads.model_card import limits, readme, validation_metrics
from flaneur.training.heads.novelty import NoveltyRule, fit_novelty, novelty_scores
from flaneur.training.heads.novelty_choice import NoveltyChoice, choose_novelty, usable_methods
from flaneur.training.heads.parts import Part, Progress, embedded_parts, tell, usable_split
from flaneur.training.heads.rule import FittedHead, HeadRule
from flaneur.types import Photo

_FEW = 200  # validation photos below which the temperature also looks at cross-validated training photos


class ExportableEncoder(Encoder, Protocol):
    """An encoder that is an ONNX graph, so that a head can be put on it."""

    @property
    def model(self) -> bytes:
        """The graph without a head."""
        ...


@dataclass(frozen=True, slots=True)
class LearnRule:
    """How a model is learnt from embeddings.

    Args:
        name: of the model.
        split: of the dataset; ``default`` is made if it is not there yet.
        head: how the head is fitted.
        novelty: how strangeness is measured.
        doubt: when to refuse.
        version: of the model.
        leaky: whether a split by photo will do, to compare with papers; the model's card then says so.
        fusion: how the model joins views of one place; one of :data:`flaneur.fusion.FUSIONS`.
    """

    name: str
    split: str = "default"
    head: HeadRule = field(default_factory=HeadRule)
    novelty: NoveltyRule = field(default_factory=NoveltyRule)
    doubt: DoubtRule = field(default_factory=DoubtRule)
    version: str = "1"
    leaky: bool = False
    fusion: str = OWN_FUSION

    def __post_init__(self) -> None:
        if self.fusion not in FUSIONS:
            raise UsageError(f"views.fusion: {unknown_fusion(self.fusion)}")


@dataclass(frozen=True, slots=True)
class Tuning:
    """What fine-tuning leaves beside the encoder.

    Args:
        head: that was trained along with it, on the dataset's cities in their order; for raw embeddings. ``None`` where
            the network has no linear layer of its own.
        facts: for the card's ``training``.
    """

    head: HeadParams | None
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Learnt:
    """A model before it is written: all that validation decided."""

    head: FittedHead
    temperature: float
    choice: NoveltyChoice
    novelty: NoveltyParams
    abstain: AbstainRule
    metrics: dict[str, Any]
    attention: AttentionParams | None = None
    attention_facts: dict[str, Any] = field(default_factory=dict)


def learn(
    dataset: Dataset,
    encoder: ExportableEncoder,
    rule: LearnRule,
    out: Path,
    *,
    tuning: Tuning | None = None,
    progress: Progress | None = None,
) -> Bundle:
    """Learn a dataset's cities and write the model.

    The head is trained on the train part alone, everything else is decided on it and on validation; the test part is
    not opened. The same dataset, split, encoder and rule give the same files; killed at any moment, the same call
    goes on.

    Args:
        dataset: imported, curated.
        encoder: frozen.
        rule: settings.
        out: folder of the model; a model that is there is replaced.
        tuning: what fine-tuning the encoder left; ``rule.head.kind`` says what becomes of its head.
        progress: told stage, done, of how many.

    Raises:
        InputError: fewer than two cities, a city without training photos, or too few views to learn attention from.
        IntegrityError: the split leaks.
        UsageError: settings that do not go together.
    """
    chosen = usable_split(dataset, rule.split, leaky=rule.leaky)
    train, validation, skipped = embedded_parts(dataset, encoder, chosen, progress)
    learnt = fit(train, validation, rule, companion=tuning.head if tuning else None, progress=progress)
    graph = onnx_graph.append_head(onnx_graph.load(encoder.model), learnt.head.params, learnt.novelty, learnt.attention)
    card = _card(dataset, encoder, chosen, rule, learnt)
    training = {
        **card.training,
        "head": dict(learnt.head.facts),
        "novelty": {"note": learnt.choice.note, "auroc": learnt.choice.auroc, "left_out": learnt.choice.worlds},
        "rule": _plain_rule(rule),
        "photos": {"train": len(train.photos), "validation": len(validation.photos), "unreadable": skipped},
        **({"attention": learnt.attention_facts} if learnt.attention else {}),
        **(tuning.facts if tuning else {}),
    }
    told = limits(card, train.photos, validation.photos, learnt.choice)
    if chosen.rule.by == "photo":
        told = (*told, f"Its split is {AS_PUBLISHED}.")
    card = replace(card, training=training, limits=told)
    tell(progress, "write", 0, 1)
    known = known_photos(validation, learnt.head.cities)
    bundle = write_bundle(out, graph, card, readme=readme(card), known=known)
    tell(progress, "write", 1, 1)
    return bundle


def fit(
    train: Part,
    validation: Part,
    rule: LearnRule,
    *,
    companion: HeadParams | None = None,
    progress: Progress | None = None,
) -> Learnt:
    """Everything that is decided on train and validation."""
    novelty = usable_methods(rule.novelty, rule.head.kind)
    if rule.fusion == "attention":
        require_views([_place(photo) for photo in train.photos], [photo.city for photo in train.photos])
    cities = [photo.city for photo in train.photos]
    steps = len(rule.head.strengths)
    tried: list[str] = []

    def tell_head(line: str) -> None:
        tried.append(line)
        tell(progress, "head", len(tried), steps)

    head = learn_head(train.embeddings, cities, train.groups, rule.head, trained=companion, progress=tell_head)
    tell(progress, "head", steps, steps)
    logits, labels = head_logits(head.params, validation.embeddings), validation.labels(head.cities)
    temperature = fit_temperature(*_calibration_rows(head, train, logits, labels))
    tell(progress, "novelty", 0, 1)
    choice = choose_novelty(train.labelled, validation.labelled, novelty, refit=head.refit, temperature=temperature)
    calm = validation.embeddings if len(labels) else train.embeddings
    params = fit_novelty(train.labelled, choice.method, novelty, head=head.params, temperature=temperature, known=calm)
    tell(progress, "novelty", 1, 1)
    strange = novelty_scores(params, validation.embeddings, logits)
    abstain = _abstain(params.method, strange, log_softmax(logits / temperature), labels, rule.doubt)
    metrics = validation_metrics(logits, labels, [photo.place for photo in validation.photos], temperature)
    attention, facts = _attention(rule, train, head, temperature)
    return Learnt(head, temperature, choice, params, abstain, metrics, attention, facts)


def _attention(
    rule: LearnRule, train: Part, head: FittedHead, temperature: float
) -> tuple[AttentionParams | None, dict[str, Any]]:
    """How views are weighed, learnt where the rule asks for it.

    On logits by folds that had not seen the place, where there are such: of photos it has seen, a head is too sure.
    """
    if rule.fusion != "attention":
        return None, {}
    judged = np.isfinite(head.held_out).all(axis=1)
    rows = np.flatnonzero(judged) if judged.any() else np.arange(len(train.photos))
    logits = head.held_out[rows] if judged.any() else head_logits(head.params, train.embeddings)
    places, groups = [_place(train.photos[row]) for row in rows], [train.groups[row] for row in rows]
    views = Views(train.embeddings[rows], logits, train.labels(head.cities)[rows], places, groups)
    return fit_attention(views, temperature, rule.head.seed)


def _place(photo: Photo) -> str:
    """Its name among those of all cities."""
    return f"{photo.city}/{photo.place}"


def _calibration_rows(
    head: FittedHead, train: Part, logits: NDArray[np.float32], labels: NDArray[np.int64]
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Validation photos; if few, also training photos as judged by the fold that had not seen their place."""
    judged = np.isfinite(head.held_out).all(axis=1)
    if len(labels) >= _FEW or not judged.any():
        return logits, labels
    return np.concatenate([logits, head.held_out[judged]]), np.concatenate([labels, train.labels(head.cities)[judged]])


def _abstain(
    method: str,
    strange: NDArray[np.float32],
    log_probability: NDArray[np.float64],
    labels: NDArray[np.int64],
    rule: DoubtRule,
) -> AbstainRule:
    if len(labels) == 0:
        return AbstainRule(method, None, 0.0, 0.0)
    best = log_probability.argmax(axis=1)
    bars = choose_thresholds(strange, np.exp(log_probability.max(axis=1)), best == labels, rule)
    return AbstainRule(method, round(bars.novelty, 6), round(bars.probability, 6), round(bars.refused_share, 4))


def _card(dataset: Dataset, encoder: ExportableEncoder, chosen: Split, rule: LearnRule, learnt: Learnt) -> Card:
    by_slug = {city.slug: city for city in dataset.cities}
    cities = tuple(located(by_slug[slug]) for slug in learnt.head.cities)
    looked_up = any(city != by_slug[city.slug] for city in cities)
    used = [photo for photo in dataset.photos if chosen.part_of.get(photo.id) == "train"]
    return Card(
        name=rule.name,
        version=rule.version,
        created=today(),
        cities=cities,
        encoder=EncoderInfo(encoder.name, onnx_graph.encoder_hash(onnx_graph.load(encoder.model)), encoder.dim),
        preprocess=encoder.preprocess,
        temperature=learnt.temperature,
        abstain=learnt.abstain,
        dataset=DatasetInfo(
            dataset.name,
            dataset.content_hash,
            len(used),
            len({photo.place for photo in used}),
            tuple(sorted({photo.source for photo in used})),
        ),
        split_hash=chosen.hash,
        fusion=rule.fusion,
        metrics=learnt.metrics,
        licences=tuple(sorted({photo.licence for photo in used if photo.licence})),
        training={"gazetteer": ATTRIBUTION} if looked_up else {},
    )


def _plain_rule(rule: LearnRule) -> dict[str, Any]:
    return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(rule).items()}
