import os
import threading

import numpy as np
import pytest

from bundles import tiny_encoder
from flaneur.bundle import inference
from flaneur.errors import IntegrityError, PhotoError
from flaneur.onnx_files import proto as onnx_proto


@pytest.fixture(scope="module")
def session():
    return inference.open_session(onnx_proto.to_bytes(tiny_encoder()))


def image(number):
    return np.random.default_rng(number).normal(size=(3, 32, 32)).astype(np.float32)


@pytest.mark.parametrize("count", [0, 1, 2, 7, 40])
@pytest.mark.parametrize("threads", [1, 3])
def test_order_and_values_equal_one_by_one(session, count, threads):
    found = list(inference.run_network(session, range(count), image, ["embedding"], batch=4, threads=threads))
    assert [number for number, _ in found] == list(range(count))
    for number, row in found:
        (alone,) = session.run(["embedding"], {"image": image(number)[None]})
        np.testing.assert_allclose(row["embedding"], alone[0], atol=1e-5)


def test_an_unreadable_photo_becomes_its_own_result(session):
    def load(number):
        if number % 3 == 0:
            raise PhotoError("truncated", f"{number}: cut off.")
        return image(number)

    found = dict(inference.run_network(session, range(10), load, ["embedding", "feature_map"], batch=3, threads=2))
    assert [n for n, row in found.items() if isinstance(row, PhotoError)] == [0, 3, 6, 9]
    assert found[3].code == "truncated"
    assert found[4]["feature_map"].shape == (12, 8, 8)


def test_all_unreadable(session):
    def load(number):
        raise PhotoError("empty", "nothing")

    assert all(isinstance(row, PhotoError) for _, row in inference.run_network(session, [1, 2], load, ["embedding"]))


def test_inputs_are_drawn_lazily_and_memory_is_bounded(session):
    drawn = 0

    def stream():
        nonlocal drawn
        for number in range(1000):
            drawn += 1
            yield number

    running = inference.run_network(session, stream(), image, ["embedding"], batch=4, threads=2)
    for _ in range(10):
        next(running)
    assert drawn <= 10 + 4 * (2 + 3)
    running.close()
    assert not [t for t in threading.enumerate() if t.name.startswith("flaneur-network")]


def test_a_bug_in_load_surfaces_and_stops_the_threads(session):
    def load(number):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        list(inference.run_network(session, range(20), load, ["embedding"]))
    assert not [t for t in threading.enumerate() if t.name.startswith("flaneur-network")]


def test_few_inputs_are_spread_over_the_threads(session):
    workers, together = set(), threading.Barrier(4)

    def load(number):
        workers.add(threading.get_ident())
        together.wait(60)
        return image(number)

    list(inference.run_network(session, range(4), load, ["embedding"], batch=16, threads=4))
    assert len(workers) == 4


def test_cores_are_those_of_this_process():
    assert inference.cores() == len(os.sched_getaffinity(0))


def test_a_model_that_cannot_run_is_one_clear_error():
    model = tiny_encoder()
    model.graph.node[0].op_type = "Convolve"
    with pytest.raises(IntegrityError, match="ONNX Runtime cannot run the model"):
        inference.open_session(onnx_proto.to_bytes(model))
