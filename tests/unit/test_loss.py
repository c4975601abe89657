"""The loss: every formula against torch's own, numpy's or hand arithmetic."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")

from torch.nn import functional  # noqa: E402

from flaneur.fusion import fuse  # noqa: E402
from flaneur.protocols import PreprocessSpec  # noqa: E402
from flaneur.training.networks.loss import (  # noqa: E402
    Mixed,
    Objective,
    distance_to_teacher,
    fuse_views,
    hits,
    mix,
    rectangle,
    targets,
)  # fmt: skip
from flaneur.training.recipes.recipe import DistilRule, NetworkRule, Recipe, TrainingRule, ViewsRule  # noqa: E402

pytestmark = pytest.mark.train
SPEC = PreprocessSpec(8, (0.5, 0.5, 0.5), (0.25, 0.25, 0.25))


def recipe(views=None, distil=None, **training):
    rule = TrainingRule(**training)
    return Recipe("r", NetworkRule("x/y"), training=rule, views=views or ViewsRule(), distil=distil or DistilRule())


def unmixed(count, views=1):
    partner = torch.arange(count) ^ 1
    return Mixed(torch.zeros(count, views, 3, 8, 8), torch.ones(count, views, dtype=torch.bool), partner, 1.0)


def test_uniform_smoothing_is_torchs():
    torch.manual_seed(0)
    logits, labels = torch.randn(6, 5), torch.tensor([0, 1, 2, 3, 4, 0])
    objective = Objective(recipe(label_smoothing=0.13), torch.full((5, 5), 0.2), SPEC)
    loss, fused = objective(logits, labels, unmixed(6))
    assert loss.item() == pytest.approx(functional.cross_entropy(logits, labels, label_smoothing=0.13).item(), rel=1e-6)
    assert torch.allclose(fused, logits.log_softmax(1))


def test_smoothing_by_a_table_by_hand():
    spread = torch.tensor([[0.5, 0.4, 0.1], [0.4, 0.5, 0.1], [0.25, 0.25, 0.5]])
    wanted = targets(torch.tensor([0, 2]), unmixed(2), 0.1, spread)
    assert torch.allclose(wanted, torch.tensor([[0.95, 0.04, 0.01], [0.025, 0.025, 0.95]]))


def test_mixup_is_the_mean_of_two_losses_and_of_two_photos():
    torch.manual_seed(0)
    images, shown = torch.rand(6, 1, 3, 8, 8), torch.ones(6, 1, dtype=torch.bool)
    rule = TrainingRule(mixup=0.4, label_smoothing=0.1)
    mixed = mix(images, shown, rule, np.random.default_rng(3))
    share = float(np.random.default_rng(3).beta(0.4, 0.4))
    assert mixed.share == share
    assert torch.allclose(mixed.images[2], share * images[2] + (1 - share) * images[3], atol=1e-6)
    logits, labels = torch.randn(6, 4), torch.tensor([0, 1, 2, 3, 0, 1])
    loss, _ = Objective(recipe(label_smoothing=0.1), torch.full((4, 4), 0.25), SPEC)(logits, labels, mixed)
    swapped = labels[[1, 0, 3, 2, 5, 4]]
    own, other = (functional.cross_entropy(logits, one, label_smoothing=0.1).item() for one in (labels, swapped))
    assert loss.item() == pytest.approx(share * own + (1 - share) * other, rel=1e-5)


def test_cutmix_shares_the_label_exactly_as_the_pixels():
    images = torch.stack([torch.zeros(1, 3, 11, 11), torch.ones(1, 3, 11, 11)] * 2)
    shown = torch.ones(4, 1, dtype=torch.bool)
    shares = set()
    for seed in range(40):
        mixed = mix(images, shown, TrainingRule(cutmix=1.0), np.random.default_rng(seed))
        assert 1 - mixed.images[0].mean().item() == pytest.approx(mixed.share, abs=1e-6)
        assert mixed.images[1].mean().item() == pytest.approx(mixed.share, abs=1e-6)
        shares.add(round(mixed.share, 3))
    assert len(shares) > 15


def test_a_rectangle_has_the_area_asked_for_where_it_fits():
    rng = np.random.default_rng(0)
    areas = []
    for _ in range(500):
        top, bottom, left, right = rectangle(100, 100, 0.75, rng)
        assert 0 <= top <= bottom <= 100
        assert 0 <= left <= right <= 100
        areas.append((bottom - top) * (right - left))
    assert max(areas) == 2500


def test_with_both_each_batch_takes_one():
    images, shown = torch.rand(2, 1, 3, 8, 8), torch.ones(2, 1, dtype=torch.bool)
    pasted = []
    for seed in range(30):
        mixed = mix(images, shown, TrainingRule(mixup=1.0, cutmix=1.0), np.random.default_rng(seed))
        kept = ((mixed.images[0] == images[0]) | (mixed.images[0] == images[1])).all().item()
        pasted.append(kept)
    assert 5 < sum(pasted) < 25


@pytest.mark.parametrize("count", [1, 2, 5])
def test_neighbours_are_partners_and_an_odd_one_is_its_own(count):
    mixed = mix(torch.zeros(count, 1, 3, 4, 4), torch.ones(count, 1, dtype=torch.bool), TrainingRule(), None)
    assert mixed.partner.tolist() == {1: [0], 2: [1, 0], 5: [1, 0, 3, 2, 4]}[count]
    assert mixed.share == 1.0


def test_places_that_are_mixed_show_the_views_that_both_have():
    shown = torch.tensor([[True, True, True], [True, False, False]])
    mixed = mix(torch.rand(2, 3, 3, 4, 4), shown, TrainingRule(mixup=1.0), np.random.default_rng(0))
    assert mixed.shown.tolist() == [[True, False, False]] * 2


@pytest.mark.parametrize("fusion", ["mean_log_probability", "mean_logits", "confidence"])
def test_fusion_is_that_of_a_finished_model(fusion):
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 3, (4, 3, 5))
    shown = np.array([[1, 1, 1], [1, 1, 0], [1, 0, 0], [1, 1, 1]], bool)
    logits[3] = 0.0  # views that know nothing at all
    found = fuse_views(torch.from_numpy(logits), torch.from_numpy(shown), fusion).log_softmax(1)
    for row in range(4):
        assert np.allclose(found[row].numpy(), fuse(logits[row][shown[row]], fusion), atol=1e-6)


def test_the_loss_on_views_singly_and_on_their_mean():
    torch.manual_seed(0)
    logits, labels = torch.randn(4, 3, 5), torch.tensor([0, 1, 2, 3])
    spread = torch.full((5, 5), 0.2)
    for fusion, reference in (
        ("mean_logits", functional.cross_entropy(logits.mean(1), labels)),
        ("mean_log_probability", functional.cross_entropy(logits.flatten(0, 1), labels.repeat_interleave(3))),
    ):
        objective = Objective(recipe(ViewsRule(fusion, train=3), label_smoothing=0.0), spread, SPEC)
        loss, _ = objective(logits.flatten(0, 1), labels, unmixed(4, 3))
        assert loss.item() == pytest.approx(reference.item(), rel=1e-5)


def test_distance_to_the_teacher_is_torchs_kl_times_the_square_of_the_temperature():
    torch.manual_seed(0)
    student, teacher = torch.randn(6, 5), torch.randn(6, 5)
    for temperature in (1.0, 3.0):
        ours, theirs = (student / temperature).log_softmax(1), (teacher / temperature).softmax(1)
        reference = temperature**2 * functional.kl_div(ours, theirs, reduction="batchmean")
        assert distance_to_teacher(student, teacher, temperature).item() == pytest.approx(reference.item(), rel=1e-5)
    assert distance_to_teacher(student, student + 3, 2.0).item() == pytest.approx(0, abs=1e-6)


def test_the_teacher_has_its_share_of_the_loss():
    torch.manual_seed(0)
    logits, labels, answers = (
        torch.randn(4, 3),
        torch.tensor([0, 1, 2, 0]),
        np.random.default_rng(0).normal(size=(4, 3)),
    )
    spread = torch.full((3, 3), 1 / 3)
    loss = {
        share: Objective(
            recipe(distil=DistilRule("t", 2.0, share)), spread, SPEC, lambda images, spec: np.float32(answers)
        )(logits, labels, unmixed(4))[0].item()
        for share in (0.0, 0.25, 1.0)
    }
    assert loss[1.0] == pytest.approx(
        distance_to_teacher(logits, torch.from_numpy(answers).float(), 2.0).item(), rel=1e-5
    )
    assert loss[0.25] == pytest.approx(0.75 * loss[0.0] + 0.25 * loss[1.0], rel=1e-5)


def test_right_answers_of_mixed_photos_count_by_share():
    fused = torch.tensor([[1.0, 0.0], [1.0, 0.0]])
    labels = torch.tensor([0, 1])
    mixed = Mixed(torch.zeros(2, 1, 3, 2, 2), torch.ones(2, 1, dtype=torch.bool), torch.tensor([1, 0]), 0.7)
    assert hits(fused, labels, mixed) == pytest.approx(0.7 + 0.3)
    assert hits(fused, torch.tensor([0, 0]), mixed) == pytest.approx(2.0)
