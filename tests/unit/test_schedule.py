"""Learning rates by hand arithmetic and against torch's own schedulers; optimisers; plateaus; stopping."""

from __future__ import annotations

import math

import pytest

from flaneur.training.networks.schedule import best_epoch, is_over, plateau_drops, set_rates, share_of_peak
from flaneur.training.recipes.recipe import TrainingRule


def test_cosine_with_warm_up_by_hand():
    rule = TrainingRule(epochs=4, warmup_epochs=1.0, schedule="cosine")
    shares = [share_of_peak(rule, step, 2) for step in range(8)]
    assert shares[0] == pytest.approx(0.5)  # half way up, cosine still at its top
    assert shares[1] == pytest.approx(0.5 * (1 + math.cos(math.pi / 8)))
    assert shares[4] == pytest.approx(0.5)
    assert shares[7] == pytest.approx(0.038060, abs=1e-6)
    assert share_of_peak(rule, 8, 2) == rule.lr_finish


@pytest.mark.train
@pytest.mark.parametrize("schedule", ["cosine", "step"])
def test_schedules_are_those_of_torch(schedule):
    torch = pytest.importorskip("torch", reason="needs the train extra")
    from torch.optim import lr_scheduler

    rule = TrainingRule(epochs=6, warmup_epochs=0.0, schedule=schedule, step_epochs=2, step_factor=0.3)
    optimiser = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    theirs = {
        "cosine": lambda: lr_scheduler.CosineAnnealingLR(optimiser, T_max=18),
        "step": lambda: lr_scheduler.StepLR(optimiser, step_size=6, gamma=0.3),
    }[schedule]()
    for step in range(18):
        assert share_of_peak(rule, step, 3) == pytest.approx(theirs.get_last_lr()[0], abs=1e-9)
        optimiser.step()
        theirs.step()


def test_constant_and_plateau():
    rule = TrainingRule(epochs=5, warmup_epochs=0.0, schedule="constant")
    assert {share_of_peak(rule, step, 3) for step in range(15)} == {1.0}
    rule = TrainingRule(epochs=5, warmup_epochs=0.0, schedule="plateau", step_factor=0.5)
    assert [share_of_peak(rule, 4, 3, drops) for drops in (0, 1, 2)] == [1.0, 0.5, 0.25]


def test_plateaus_are_counted_from_the_log():
    def log(*losses):
        return [{"epoch": epoch} | ({} if loss is None else {"nll": loss}) for epoch, loss in enumerate(losses, 1)]

    assert plateau_drops([], 2) == 0
    assert plateau_drops(log(3.0, 2.0, 1.0), 1) == 0
    assert plateau_drops(log(3.0, 3.0), 2) == 0
    assert plateau_drops(log(3.0, 3.0, 3.0), 2) == 1
    assert plateau_drops(log(3.0, 3.0, 3.0, 3.0, 3.0), 2) == 2
    assert plateau_drops(log(3.0, 3.0, 2.9, 2.9, 2.8), 2) == 0
    assert plateau_drops(log(None, 3.0, None, 3.0), 2) == 1  # epochs, not looks


def test_training_is_over_at_the_end_or_when_patience_is():
    def log(*accuracies):
        return [{"epoch": epoch, "accuracy": accuracy} for epoch, accuracy in enumerate(accuracies, 1)]

    rule = TrainingRule(epochs=4, epochs_finish=1)
    assert [is_over(rule, log(*[0.5] * done)) for done in range(6)] == [False] * 5 + [True]
    patient = TrainingRule(epochs=9, patience_epochs=2)
    assert not is_over(patient, log(0.5, 0.6, 0.6))
    assert is_over(patient, log(0.5, 0.6, 0.6, 0.6))
    assert not is_over(patient, [{"epoch": epoch} for epoch in range(1, 6)])  # nobody looked yet
    assert best_epoch(log(0.5, 0.6, 0.6)) == 2
    assert best_epoch([]) == 0


@pytest.mark.train
@pytest.mark.parametrize(("name", "kind"), [("adamw", "AdamW"), ("adam", "Adam"), ("sgd", "SGD")])
def test_every_group_has_its_own_rate_and_decay(name, kind):
    torch = pytest.importorskip("torch", reason="needs the train extra")
    from flaneur.training.networks.schedule import make_optimiser

    peaks = (0.1, 0.01)
    groups = [
        {"params": [torch.nn.Parameter(torch.ones(2, 2))], "lr": peak, "peak_lr": peak, "weight_decay": 10 * peak}
        for peak in peaks
    ]
    optimiser = make_optimiser(groups, TrainingRule(optimiser=name, momentum=0.7))
    assert type(optimiser).__name__ == kind
    set_rates(optimiser, 0.5)
    assert [group["lr"] for group in optimiser.param_groups] == [0.05, 0.005]
    assert [group["weight_decay"] for group in optimiser.param_groups] == [1.0, 0.1]
    if name == "sgd":
        assert optimiser.param_groups[0]["momentum"] == 0.7
    for group in optimiser.param_groups:
        group["params"][0].grad = torch.zeros(2, 2)
    optimiser.step()
    moved = [1 - group["params"][0].max().item() for group in optimiser.param_groups]
    by_hand = {"adamw": (0.05, 0.0005), "sgd": (0.05, 0.0005), "adam": (0.05, 0.005)}[name]  # rate * decay; Adam: rate
    assert moved == pytest.approx(by_hand, rel=1e-3)
