"""The loop: it learns, every setting has its effect, and a training killed at any step ends with the same weights."""

from __future__ import annotations

import json
import os
import socket
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")
pytest.importorskip("safetensors", reason="needs the train extra")

from copies import Copies  # noqa: E402
from flaneur.errors import IntegrityError, UsageError  # noqa: E402
from flaneur.models.network import build_network  # noqa: E402
from flaneur.training.networks import checkpoint, loop  # noqa: E402
from flaneur.training.networks.loader import Examples  # noqa: E402
from flaneur.training.networks.loop import fit  # noqa: E402
from flaneur.training.recipes.recipe import AugmentRule, DistilRule, NetworkRule, ViewsRule  # noqa: E402
from tiny_city_net import SPEC, tiny_net, tiny_photos, tiny_recipe  # noqa: E402

pytestmark = pytest.mark.train


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    return tiny_photos(tmp_path_factory.mktemp("photos"))


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


def run_fit(photos, run, recipe, *, network=None, lines=None, teacher=None, validation=None):
    run.mkdir(exist_ok=True)
    told = [] if lines is None else lines
    network = tiny_net() if network is None else network
    examples = Examples(photos, photos if validation is None else validation, 2)
    return fit(network, SPEC, examples, recipe, run, told.append, device="cpu", teacher=teacher)


def same(one, other):
    return all(torch.equal(a, b) for a, b in zip(one.state_dict().values(), other.state_dict().values(), strict=True))


def free_port():
    """One that the system gives nobody who asks for any: it stays free until it is used."""
    for port in range(20_000 + os.getpid() % 10_000, 32_000):
        with socket.socket() as tried:
            try:
                tried.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("no free port")


class KilledError(Exception):
    pass


def test_learns_and_tells(photos, tmp_path):
    lines = []
    sizes = {"epochs_small": 1, "size_small_px": 12, "size_large_px": 20, "epochs_finish": 1, "lr_finish": 0.1}
    trained = run_fit(photos, tmp_path, tiny_recipe(epochs=5, **sizes), lines=lines)
    assert lines[-1]["accuracy"] == lines[-1]["macro_recall"] == 1.0
    assert lines[-1]["train_accuracy"] == 1.0
    assert lines[-1]["loss"] < lines[0]["loss"]
    assert [line["size_px"] for line in lines] == [12, 20, 20, 20, 20, 16]
    assert lines[-1]["lr"] == pytest.approx(0.03 * 0.1)
    assert {"epoch", "of", "seconds", "photos_per_second", "nll"} <= lines[0].keys()
    assert [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()] == lines
    assert not trained.training
    assert not any(parameter.requires_grad for parameter in trained.parameters())


@pytest.mark.parametrize(
    "settings",
    [
        {"optimiser": "adamw", "mixup": 0.2, "cutmix": 1.0, "epochs_small": 1, "size_small_px": 12},
        {"optimiser": "sgd", "schedule": "plateau", "step_epochs": 1, "ema": 0.0, "patience_epochs": 3},
        {"optimiser": "sgd", "momentum": 0.0, "schedule": "step", "step_epochs": 1, "channels_last": False},
        {"optimiser": "adam", "precision": "bfloat16", "validate_every": 2, "patience_epochs": 4},
    ],
    ids=lambda settings: "-".join(map(str, settings.values())),
)
def test_a_kill_at_any_step_ends_with_the_same_weights(photos, tmp_path, monkeypatch, settings):
    monkeypatch.setattr(loop, "CHECKPOINT_SECONDS", -1.0)  # after every step
    recipe = tiny_recipe(AugmentRule(), epochs=3, **settings)
    whole = run_fit(photos, tmp_path / "whole", recipe)
    step, rng = loop._step, np.random.default_rng(len(str(settings)))

    def dying(*args):
        if rng.random() < 0.2:
            raise KilledError
        return step(*args)

    monkeypatch.setattr(loop, "_step", dying)
    for _ in range(50):
        try:
            resumed = run_fit(photos, tmp_path / "broken", recipe)
            break
        except KilledError:
            continue
    assert same(whole, resumed)
    logs = [(tmp_path / name / "log.jsonl").read_text().splitlines() for name in ("whole", "broken")]
    for one, other in zip(*logs, strict=True):
        timeless = [{k: v for k, v in json.loads(x).items() if "second" not in k} for x in (one, other)]
        assert timeless[0] == timeless[1]


def test_a_kill_while_a_checkpoint_is_written_goes_on_from_the_one_before(photos, tmp_path, monkeypatch):
    recipe = tiny_recipe(epochs=3)
    whole = run_fit(photos, tmp_path / "whole", recipe)
    write, calls = checkpoint.write_json, []

    def dying(path, value):
        calls.append(path)
        if len(calls) == 2:
            raise KilledError
        write(path, value)

    monkeypatch.setattr(checkpoint, "write_json", dying)
    with pytest.raises(KilledError):
        run_fit(photos, tmp_path / "broken", recipe)
    (tmp_path / "broken" / ".checkpoint-0.safetensors.x1.tmp").write_bytes(b"half")
    lines = []
    assert same(whole, run_fit(photos, tmp_path / "broken", recipe, lines=lines))
    assert [line["epoch"] for line in lines] == [2, 3]
    names = {"checkpoint-0.safetensors", "checkpoint-1.safetensors", "checkpoint.json", "log.jsonl"}
    assert {file.name for file in (tmp_path / "broken").iterdir()} == names


def test_a_finished_run_returns_its_weights_at_once(photos, tmp_path):
    lines = []
    whole = run_fit(photos, tmp_path, tiny_recipe(epochs=2))
    assert same(whole, run_fit(photos, tmp_path, tiny_recipe(epochs=2), lines=lines))
    assert lines == []


def test_a_damaged_checkpoint_is_one_clear_line(photos, tmp_path):
    run_fit(photos, tmp_path, tiny_recipe(epochs=1))
    for file in tmp_path.glob("checkpoint-*.safetensors"):
        file.write_bytes(file.read_bytes()[:-7])
    with pytest.raises(IntegrityError, match=r"cannot be gone on from \(.*\)\. Remove that folder"):
        run_fit(photos, tmp_path, tiny_recipe(epochs=1))


def test_seeds_differ(photos, tmp_path):
    one, other = (run_fit(photos, tmp_path / f"{s}", tiny_recipe(AugmentRule(), epochs=1, seed=s)) for s in (0, 1))
    assert not same(one, other)


def test_early_stopping_keeps_the_best_weights(photos, tmp_path, monkeypatch):
    accuracies = iter([0.5, 0.9, 0.8, 0.7, 0.95])
    states = []

    def scripted(network, *args, **kwargs):
        states.append({key: value.clone() for key, value in network.state_dict().items()})
        return {"accuracy": next(accuracies), "macro_recall": 0.0, "nll": 0.0}

    monkeypatch.setattr(loop, "validate", scripted)
    for ema in (0.5, 0.0):
        accuracies, lines = iter([0.5, 0.9, 0.8, 0.7, 0.95]), []
        states.clear()
        recipe = tiny_recipe(epochs=5, patience_epochs=2, ema=ema)
        trained = run_fit(photos, tmp_path / f"{ema}", recipe, lines=lines)
        assert len(lines) == 4
        assert all(torch.equal(value, states[1][key]) for key, value in trained.state_dict().items())
        again = run_fit(photos, tmp_path / f"{ema}", recipe)
        assert same(trained, again)


def test_frozen_norms_keep_their_statistics(photos, tmp_path):
    for frozen in (True, False):
        network = tiny_net()
        before = network.encoder.backbone.first[1].running_mean.clone()
        trained = run_fit(photos, tmp_path / f"{frozen}", tiny_recipe(epochs=1, freeze_norm=frozen), network=network)
        assert torch.equal(trained.encoder.backbone.first[1].running_mean, before) == frozen
        assert trained.standardise.running_mean.abs().sum() > 0


@pytest.mark.parametrize(("trained_stages", "changed"), [(-1, {0, 1, 2}), (1, {2}), (0, set())])
def test_the_stages_that_a_recipe_names_are_trained_and_no_others(photos, tmp_path, trained_stages, changed):
    def build():
        torch.manual_seed(0)
        rule = NetworkRule("seed/cnn3", initial="random", pooling="mean", trained_stages=trained_stages)
        return build_network(rule, 2, size_px=16)

    trained = run_fit(photos, tmp_path, tiny_recipe(epochs=1), network=build())
    parts = zip(trained.encoder.backbone.parts(), build().encoder.backbone.parts(), strict=True)
    alike = [
        [torch.equal(a, b) for a, b in zip(*(x.state_dict().values() for x in pair), strict=True)] for pair in parts
    ]
    assert {number for number, stage in enumerate(alike) if not any(stage)} == changed
    assert {number for number, stage in enumerate(alike) if all(stage)} == {0, 1, 2} - changed
    assert trained.head.weight.abs().sum() > 0


def test_groups_learn_at_their_own_rates(photos, tmp_path):
    start, recipe = tiny_net(), tiny_recipe(epochs=1, lr_backbone=0.0, ema=0.0, optimiser="sgd")
    before = start.state_dict()["encoder.backbone.first.0.weight"].clone()
    trained = run_fit(photos, tmp_path / "still", recipe, network=start)
    assert torch.equal(trained.encoder.backbone.first[0].weight, before)
    assert trained.head.weight.abs().sum() > 0


def test_clipping_bounds_a_step_and_zero_is_off(photos, tmp_path):
    moved = {}
    for clip in (1e-3, 0.0):
        network = tiny_net(dropout=0)
        rule = {
            "epochs": 1,
            "batch": 24,
            "optimiser": "sgd",
            "momentum": 0.0,
            "weight_decay": 0.0,
            "warmup_epochs": 0.0,
        }
        rates = {"lr_head": 1.0, "lr_backbone": 1.0, "lr_decay": 1.0, "ema": 0.0}
        trained = run_fit(photos, tmp_path / f"{clip}", tiny_recipe(clip=clip, **rule, **rates), network=network)
        gaps = [a - b for a, b in zip(trained.parameters(), tiny_net(dropout=0).parameters(), strict=True)]
        moved[clip] = torch.sqrt(sum(gap.square().sum() for gap in gaps)).item()
    assert moved[1e-3] == pytest.approx(1e-3, rel=0.01)
    assert moved[0.0] > 0.01


def test_views_of_a_place_are_trained_together(tmp_path):
    photos = tiny_photos(tmp_path / "photos", 36, views=3)
    for fusion in ("mean_logits", "mean_log_probability", "confidence"):
        lines = []
        recipe = replace(tiny_recipe(epochs=4, mixup=0.1), views=ViewsRule(fusion, train=3, random=True))
        run_fit(photos, tmp_path / fusion, recipe, lines=lines)
        assert lines[-1]["accuracy"] == 1.0
    with pytest.raises(UsageError, match="cached embeddings"):
        run_fit(photos, tmp_path / "attention", replace(recipe, views=ViewsRule("attention", train=3)))


def test_the_teacher_sees_the_very_same_pixels(photos, tmp_path, monkeypatch):
    seen, given = [], []

    def teacher(images, spec):
        given.append((images.copy(), spec.size_px))
        return np.tile(np.float32([[8.0, 0.0]]), (len(images), 1))

    network = tiny_net()
    network.register_forward_pre_hook(
        lambda module, args: seen.append(args[0].numpy().copy()) if module.training else None
    )
    distil = DistilRule("somebody", temperature=2.0, share=1.0)
    recipe = replace(tiny_recipe(AugmentRule(), epochs=3, cutmix=1.0, epochs_small=1, size_small_px=12), distil=distil)
    trained = run_fit(photos, tmp_path, recipe, network=network, teacher=teacher)
    assert len(seen) == len(given) == 18
    assert all(np.array_equal(a, b) for a, (b, _) in zip(seen, given, strict=True))
    assert {size for _, size in given} == {12, 16}
    answer = trained(torch.from_numpy(given[-1][0])).argmax(1)
    assert (answer == 0).all()  # the labels had no say


def test_what_is_missing_is_said_before_anything_is_done(photos, tmp_path):
    for settings, hint in (
        ({"patience_epochs": 2}, "need validation photos"),
        ({"schedule": "plateau"}, "need validation photos"),
        ({"smoothing": "distance"}, "needs the positions"),
    ):
        with pytest.raises(UsageError, match=hint):
            run_fit(photos, tmp_path, tiny_recipe(**settings), validation=[])
    with pytest.raises(UsageError, match="changes nothing"):
        fit(
            tiny_net(),
            SPEC,
            Examples(photos, [], 2, np.full((2, 2), 0.5)),
            tiny_recipe(smoothing="distance"),
            tmp_path,
            print,
        )
    with pytest.raises(UsageError, match="no training photos"):
        run_fit([], tmp_path, tiny_recipe())


def test_without_validation_photos_it_trains_all_the_same(photos, tmp_path):
    lines = []
    run_fit(photos, tmp_path, tiny_recipe(epochs=1), validation=[], lines=lines)
    assert "accuracy" not in lines[0]


def test_a_loss_that_is_no_number_is_said(photos, tmp_path):
    network = tiny_net()
    network.head.weight.data.fill_(float("nan"))
    with pytest.raises(UsageError, match=r"epoch 1, step 1\. Lower lr_head"):
        run_fit(photos, tmp_path, tiny_recipe(), network=network)


def test_batch_of_zero_finds_one_and_remembers_it(photos, tmp_path):
    run_fit(photos, tmp_path, tiny_recipe(epochs=1, batch=0))
    assert json.loads((tmp_path / "checkpoint.json").read_text())["batch"] == 16  # of 24 photos


def test_two_processes_end_where_one_does(tmp_path):
    from safetensors.torch import load_file

    port = str(free_port())
    with Copies("tiny_city_net", "flaneur.training.networks.loop", "torch._dynamo") as copies:

        def start(folder, rank, size):
            folder.mkdir(exist_ok=True)
            group = {"RANK": str(rank), "WORLD_SIZE": str(size), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
            words, said = (str(folder), str(rank)), folder / f"said-{rank}.txt"
            return copies.start("tiny_city_net:tiny_fit", *words, said=said, environment=group if size > 1 else {})

        waiting = [start(tmp_path / "one", 0, 1), start(tmp_path / "two", 0, 2), start(tmp_path / "two", 1, 2)]
        assert [copies.wait(one) for one in waiting] == [0, 0, 0], [p.read_text() for p in tmp_path.rglob("said-*.txt")]
    one = load_file(tmp_path / "one" / "weights-0.safetensors")
    both = [load_file(tmp_path / "two" / f"weights-{rank}.safetensors") for rank in (0, 1)]
    assert all(torch.equal(both[0][key], both[1][key]) for key in one)
    assert all(torch.allclose(one[key], both[0][key], atol=1e-5) for key in one)
    lines = [
        json.loads((tmp_path / name / "run" / "log.jsonl").read_text().splitlines()[-1]) for name in ("one", "two")
    ]
    for key in ("loss", "train_accuracy", "accuracy", "nll"):
        assert lines[0][key] == pytest.approx(lines[1][key], abs=1e-3)
