"""Devices, precision, the batch that fits, and torchrun's environment: chosen, or refused in one clear line."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")

from flaneur.errors import UsageError  # noqa: E402
from flaneur.training.networks import batch_size, device  # noqa: E402
from flaneur.training.networks.batch_size import kept_bytes, largest_batch  # noqa: E402
from flaneur.training.networks.device import choose_device, choose_precision, compiled  # noqa: E402
from flaneur.training.networks.processes import own_rank, process_group  # noqa: E402
from tiny_city_net import tiny_net  # noqa: E402

pytestmark = pytest.mark.train
CPU = torch.device("cpu")


def test_auto_takes_the_best_there_is(monkeypatch):
    for cuda, mps, best in ((True, True, "cuda"), (False, True, "mps"), (False, False, "cpu")):
        monkeypatch.setattr(torch.cuda, "is_available", lambda there=cuda: there)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda there=mps: there)
        assert choose_device("auto").type == best


def test_torchrun_gives_each_process_its_own_gpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setenv("LOCAL_RANK", "3")
    assert choose_device("cuda") == torch.device("cuda", 3)


def test_what_is_not_there_is_one_line(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(UsageError, match=r"--device cuda: this torch .* finds none. Use cpu, or auto\."):
        choose_device("cuda")
    with pytest.raises(UsageError, match=r"--device cuba: no such device\. Did you mean 'cuda'\?"):
        choose_device("cuba")


def test_precision_follows_the_processor():
    assert choose_precision("auto", CPU, frozenset({"avx512f", "avx512_bf16"})) is torch.bfloat16
    assert choose_precision("auto", CPU, frozenset({"amx_bf16"})) is torch.bfloat16
    assert choose_precision("auto", CPU, frozenset({"avx512f"})) is None
    assert choose_precision("auto", torch.device("mps"), frozenset({"amx_bf16"})) is None
    assert choose_precision("float32", CPU, frozenset({"amx_bf16"})) is None
    assert choose_precision("bfloat16", CPU, frozenset()) is torch.bfloat16


def test_precision_follows_the_gpu(monkeypatch):
    gpu = torch.device("cuda", 0)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: True)
    assert choose_precision("auto", gpu) is torch.bfloat16
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: False)
    assert choose_precision("auto", gpu) is None
    with pytest.raises(UsageError, match="this GPU has no bfloat16"):
        choose_precision("bfloat16", gpu)


def test_compiling_without_a_compiler_is_one_line(monkeypatch):
    monkeypatch.setattr(device.shutil, "which", lambda name: None)
    with pytest.raises(UsageError, match="compile = true needs a C\\+\\+ compiler"):
        compiled(tiny_net(), CPU)


def test_memory_of_a_step_by_hand():
    layers = torch.nn.Sequential(torch.nn.Linear(10, 20), torch.nn.ReLU(), torch.nn.Linear(20, 5))
    # the input, the ReLU's output (kept by it and by the layer behind it), all of 4 rows of 4 bytes
    assert kept_bytes(layers, torch.zeros(4, 10)) - 4 * 10 * 4 == 4 * 4 * (10 + 20)


def test_the_largest_batch_is_a_power_of_two_that_fits(monkeypatch):
    network = tiny_net()
    before = {key: value.clone() for key, value in network.state_dict().items()}
    each = kept_bytes(tiny_net().train(), torch.zeros(2, 3, 16, 16)) / 2
    monkeypatch.setattr(batch_size, "_free_bytes", lambda: int(2 * 50.5 * each))
    assert largest_batch(network, (1, 3, 16, 16), CPU, 1000) == 32
    assert largest_batch(network, (1, 3, 16, 16), CPU, 20) == 16
    assert largest_batch(network, (2, 3, 16, 16), CPU, 1000) == 16
    monkeypatch.setattr(batch_size, "_free_bytes", lambda: 10**15)
    assert largest_batch(network, (1, 3, 16, 16), CPU, 10_000) == 256
    monkeypatch.setattr(batch_size, "_free_bytes", lambda: 1)
    assert largest_batch(network, (1, 3, 16, 16), CPU, 1000) == 2
    assert all(torch.equal(value, before[key]) for key, value in network.state_dict().items())
    assert all(parameter.grad is None for parameter in network.parameters())


def test_one_process_is_a_group(monkeypatch):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    with process_group(CPU) as group:
        assert (group.rank, group.size) == (0, 1)
        assert group.sums([1.5, 2.0]) == [1.5, 2.0]
        assert group.from_first(7) == 7
    assert own_rank() == 0


def test_half_of_torchruns_environment_is_one_line(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.delenv("RANK", raising=False)
    with (
        pytest.raises(UsageError, match=r"WORLD_SIZE is 2, but RANK, .* is not set. Start with torchrun\."),
        process_group(CPU),
    ):
        pass
