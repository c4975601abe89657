"""Frames, the watchdog, and processes that are asked over pipes."""

import json
import os
import signal
import struct
import threading
from io import BytesIO
from pathlib import Path

import pytest

from crashing_worker import HANG
from flaneur.serve.children import child as child_module
from flaneur.serve.children.child import Child, ChildDied, ChildSlow
from flaneur.serve.children.frames import read_frame, write_frame
from flaneur.serve.children.watchdog import Watchdog

WORKER = "flaneur.serve.decoding.worker"
MEMORY = str(2 << 30)
SPEC = {"size_px": 8, "mean": [0, 0, 0], "std": [1, 1, 1]}


@pytest.fixture
def watchdog():
    made = Watchdog()
    yield made
    made.close()


def framed(header):
    text = json.dumps(header).encode()
    return struct.pack(">I", len(text)) + text


@pytest.mark.parametrize(
    "data",
    [
        framed({"blocks": [10]}) + bytes(10),
        framed({"blocks": [-1]}),
        framed({"blocks": "all"}),
        framed({}),
        framed([]),
        struct.pack(">I", 2) + b"no",
        struct.pack(">I", 1 << 30),
    ],
)
def test_what_is_no_frame_or_too_large_is_refused(data):
    with pytest.raises(ValueError):  # noqa: PT011 - whatever it is about
        read_frame(BytesIO(data), 9)


@pytest.mark.parametrize("kept", range(0, 20))
def test_a_frame_that_ends_early_is_no_frame(kept):
    pipe = BytesIO()
    write_frame(pipe, {"a": 1}, [b"abc"])
    with pytest.raises(EOFError):
        read_frame(BytesIO(pipe.getvalue()[:kept]), 9)


def test_the_watchdog_ends_what_is_slow_and_nothing_else(watchdog):
    slow, quick = threading.Event(), threading.Event()
    with watchdog.within(600, quick.set), watchdog.within(0.01, slow.set):
        assert slow.wait(60)
    assert not quick.is_set()
    slow.clear()
    with watchdog.within(0.05, quick.set):
        pass
    before = quick.is_set()  # only where the machine stood still meanwhile
    with watchdog.within(0.2, slow.set):  # those that were left are not waited for
        assert slow.wait(60)
    assert quick.is_set() == before


def test_a_process_that_is_killed_is_replaced(watchdog):
    child = Child(WORKER, [MEMORY], watchdog)
    try:
        assert not child.alive
        child.start()
        first = child.pid
        assert child.alive
        child.kill()
        assert not child.alive
        child.ask(SPEC, [b"x"], 60, 0)
        assert child.pid != first
        assert child.restarts == 1
    finally:
        child.close()
    assert child.pid is None


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_a_process_leaves_stopping_to_its_parent(watchdog):
    child = Child(WORKER, [MEMORY], watchdog)
    try:
        child.start()
        for stop in (signal.SIGINT, signal.SIGTERM):
            os.kill(child.pid, stop)
        header, _ = child.ask(SPEC, [b"x"], 60, 0)
        assert header["code"] == "not_an_image"
        assert child.restarts == 0
    finally:
        child.close()


def test_a_process_that_does_not_answer_in_time_is_ended(watchdog, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))
    child = Child("crashing_worker", [MEMORY], watchdog)
    try:
        child.start()
        with pytest.raises(ChildSlow):
            child.ask(SPEC, [HANG], 0.05, 0)
        assert not child.alive
    finally:
        child.close()


def test_a_process_that_is_killed_while_it_starts_does_not_stand(watchdog, monkeypatch):
    child = Child(WORKER, [MEMORY], watchdog)
    real = child_module.subprocess.Popen
    try:
        with monkeypatch.context() as patched:
            patched.setattr(child_module.subprocess, "Popen", lambda *a, **more: (real(*a, **more), child.kill())[0])
            with pytest.raises(ChildDied):
                child.start()
        assert not child.alive
        child.start()
        assert child.alive
    finally:
        child.close()


@pytest.mark.parametrize("error", [RecursionError, MemoryError, KeyError])
def test_a_process_whose_answer_cannot_be_read_is_ended(watchdog, monkeypatch, error):
    def unreadable(*_):
        raise error

    child = Child(WORKER, [MEMORY], watchdog)
    try:
        child.start()
        monkeypatch.setattr(child_module, "read_frame", unreadable)
        with pytest.raises(ChildDied):
            child.ask({"blocks": []}, [], 60.0, 0)
        assert not child.alive
    finally:
        child.close()


def test_a_module_that_there_is_not_never_stands(watchdog):
    child = Child("flaneur.serve.nothing", [], watchdog)
    try:
        with pytest.raises(ChildDied):
            child.start()
        assert not child.alive
    finally:
        child.close()


def test_secrets_of_the_environment_are_not_passed_on(watchdog, monkeypatch):
    monkeypatch.setenv("FLANEUR_TOKEN", "canary")
    seen = {}
    real = child_module.subprocess.Popen
    monkeypatch.setattr(child_module.subprocess, "Popen", lambda *a, **more: seen.update(more) or real(*a, **more))
    child = Child(WORKER, [MEMORY], watchdog)
    try:
        child.start()
    finally:
        child.close()
    assert "PATH" in seen["env"]
    assert "canary" not in seen["env"].values()
    assert os.environ["FLANEUR_TOKEN"] == "canary"
