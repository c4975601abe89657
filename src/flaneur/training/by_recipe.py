"""A dataset and a recipe in; a finished model out: networks trained, joined, and a head learnt on their embeddings."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flaneur.bundle.folder import Bundle, read_bundle
from flaneur.dataset.store import Dataset
from flaneur.encoder import OnnxEncoder
from flaneur.errors import UsageError
from flaneur.onnx_files import graph as onnx_graph
from flaneur.onnx_files.graph import HeadParams
from flaneur.onnx_files.join import join_encoders
from flaneur.training import run_folder
from flaneur.training.heads.learn import LearnRule, Tuning, learn
from flaneur.training.heads.logits import join_heads
from flaneur.training.heads.parts import Progress, embedded_parts, usable_split
from flaneur.training.networks.distil import refuse_other_cities
from flaneur.training.networks.finetune import Finetuned, Training, finetune, is_leader
from flaneur.training.networks.journal import Log
from flaneur.training.recipes.recipe import Recipe


def train_by_recipe(  # noqa: PLR0913  # one training has this many sides
    dataset: Dataset,
    recipe: Recipe,
    run: Path,
    out: Path,
    *,
    device: str = "auto",
    log: Log,
    progress: Progress | None = None,
    leaky: bool = False,
    replace: bool = False,
) -> Bundle:
    """Train what a recipe says and write the model. Killed at any moment, the same call goes on.

    Args:
        dataset: with the recipe's split.
        recipe: from :func:`flaneur.training.recipes.recipe_file.read_recipe`.
        run: folder of the run, with a folder each for several members.
        out: folder of the model.
        device: ``auto``, ``cpu``, ``cuda`` or ``mps``.
        log: is told each epoch's figures.
        progress: told stage, done, of how many.
        leaky: whether the split may share places among its parts, as some published protocols do.
        replace: whether a model or a run of another origin gives way.

    Returns:
        The model. One that the same recipe and data made is returned as it is.

    Raises:
        UsageError: the recipe does not hold together, or a folder holds something else.
        SystemExit: in the processes that only help another one to train.
    """
    from flaneur.training.recipes.check import check_recipe

    check_recipe(recipe)
    usable_split(dataset, recipe.data.split, leaky=leaky)
    jobs = _jobs(dataset, recipe, run)
    origin = run_folder.origin_of(recipe, recipe.name, [job.identity for job in jobs])
    run_folder.refuse_one_folder(run, out)
    if (kept := run_folder.finished(out, origin, run_folder.public(recipe), replace=replace)) is not None:
        return kept
    step = getattr(log, "step", None)  # a journal shows them
    getattr(log, "begin", lambda: None)()
    trained = [
        _train(dataset, job, Training(job.run, device, _named(log, job), progress, step=step), replace) for job in jobs
    ]
    networks = [one for one in trained if one is not None]
    if not networks:
        raise SystemExit(0)
    encoder, head = _joined(dataset, recipe, networks, progress)
    tuning = Tuning(head, {"origin": origin, **_facts(recipe, jobs, networks)})
    return learn(dataset, encoder, _rule(recipe, leaky=leaky), out, tuning=tuning, progress=progress)


@dataclass(frozen=True, slots=True)
class _Job:
    """One network to train."""

    recipe: Recipe
    run: Path
    identity: str
    teacher: Bundle | None
    label: str


def _jobs(dataset: Dataset, recipe: Recipe, run: Path) -> list[_Job]:
    """The recipe's networks, each with its own folder.

    Raises:
        UsageError: members that cannot stand side by side.
    """
    _refuse_different_members(recipe)
    members = recipe.members or (recipe,)
    made = []
    for number, member in enumerate(members, 1):
        folder = run / f"member-{number}" if recipe.members else run
        label = f"{number} of {len(members)}" if recipe.members else ""
        teacher = read_bundle(member.distil.teacher) if member.distil.teacher else None
        if teacher is not None:
            refuse_other_cities(teacher, [city.slug for city in dataset.cities])
        identity = run_folder.identity_of(member, dataset, _weights(member), teacher)
        made.append(_Job(member, folder, identity, teacher, label))
    return made


def _refuse_different_members(recipe: Recipe) -> None:
    for number, member in enumerate(recipe.members, 1):
        if member.data != recipe.data:
            raise UsageError(f"member {number} of {recipe.name} names other data. All members learn the same photos.")
        one, other = recipe.members[0].network.size_px, member.network.size_px
        if one != other:
            raise UsageError(
                f"member {number} of {recipe.name} sees {other} px, the first one {one} px. "
                "Side by side they look at the same square: give all the same size_px."
            )


def _weights(recipe: Recipe) -> Path | None:
    """The file that the network starts from, if it is one of this machine."""
    if recipe.network.initial == "random" or not recipe.network.weights:
        return None
    from flaneur.models.backbones import known
    from flaneur.models.weights import find_weights

    return find_weights(Path(recipe.network.weights), known(recipe.network.backbone)[1])


def _train(dataset: Dataset, job: _Job, training: Training, replace: bool) -> Finetuned | None:
    if is_leader():
        run_folder.claim(job.run, job.identity, run_folder.public(job.recipe), replace=replace)
    if job.teacher is not None:
        from flaneur.training.networks.distil import teacher_of

        teacher = teacher_of(job.teacher, [city.slug for city in dataset.cities])
        training = dataclasses.replace(training, teacher=teacher)
    return finetune(dataset, job.recipe, training)


def _named(log: Log, job: _Job) -> Log:
    """The same log, each row with the number of its network where there are several."""
    if not job.label:
        return log
    return lambda row: log({"member": job.label, **row})


def _joined(
    dataset: Dataset, recipe: Recipe, trained: Sequence[Finetuned], progress: Progress | None
) -> tuple[OnnxEncoder, HeadParams | None]:
    """The networks as one encoder of the size the recipe asks for, and their linear layers as one."""
    graph, spec = trained[0].graph, trained[0].preprocess
    if len(trained) > 1:
        graph, spec = join_encoders([one.graph for one in trained], [one.preprocess for one in trained])
    graph = onnx_graph.compress_weights(graph, recipe.network.weights_mb * 1e6)
    name = " + ".join(member.network.backbone for member in recipe.members or (recipe,))
    encoder = OnnxEncoder(name, graph, spec)
    heads = [one.head for one in trained if one.head is not None]
    if len(heads) < len(trained):
        return encoder, None
    if len(heads) == 1:
        return encoder, heads[0]
    train, _, _ = embedded_parts(dataset, encoder, dataset.split(recipe.data.split), progress)
    return encoder, join_heads(heads, train.embeddings)


def _rule(recipe: Recipe, *, leaky: bool) -> LearnRule:
    return LearnRule(
        name=recipe.name,
        split=recipe.data.split,
        head=recipe.head,
        novelty=recipe.novelty,
        doubt=recipe.doubt,
        fusion=recipe.views.fusion,
        leaky=leaky,
    )


def _facts(recipe: Recipe, jobs: Sequence[_Job], trained: Sequence[Finetuned]) -> dict[str, Any]:
    """What the card tells of the training."""
    rows = [
        {"member": job.label, **row} if job.label else row
        for job, one in zip(jobs, trained, strict=True)
        for row in one.log
    ]
    return {"recipe": run_folder.public(recipe), "log": rows, "seconds": sum(row.get("seconds", 0) for row in rows)}
