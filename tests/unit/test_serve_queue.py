"""The fair queue: bounded, in turns, and what is called off leaves."""

import threading
from collections import Counter
from dataclasses import dataclass

import pytest

from flaneur.errors import UsageError
from flaneur.serve.engine.counters import Counters
from flaneur.serve.engine.queue import FairQueue
from flaneur.serve.limits import Limits


@dataclass(eq=False)
class Piece:
    client: str
    number: int = 0
    size_bytes: int = 1


def pieces(client, count):
    return [Piece(client, number) for number in range(count)]


def test_clients_take_turns_piece_by_piece():
    queue = FairQueue(100, 1000, 100)
    for client, count in (("greedy", 6), ("a", 2), ("b", 1)):
        assert queue.offer(pieces(client, count)) is None
    taken = [queue.take() for _ in range(9)]
    assert "".join(piece.client[0] for piece in taken) == "gabgagggg"
    assert [piece.number for piece in taken if piece.client == "greedy"] == [0, 1, 2, 3, 4, 5]


def test_a_request_is_accepted_whole_or_not_at_all():
    queue = FairQueue(5, 1000, 5)
    assert queue.offer(pieces("a", 4)) is None
    assert queue.offer(pieces("b", 2)) == "queue"
    assert queue.counts() == (4, 0, 4, 1)
    assert queue.offer(pieces("b", 1)) is None


def test_room_is_held_until_a_piece_is_finished():
    queue = FairQueue(2, 1000, 2)
    assert queue.offer(pieces("a", 2)) is None
    taken = queue.take()
    assert queue.offer(pieces("a", 1)) == "client"
    assert queue.finish([taken]) == [taken]
    assert queue.finish([taken]) == []
    assert queue.offer(pieces("a", 1)) is None


def test_bytes_are_limited_too():
    queue = FairQueue(10, 100, 10)
    assert queue.offer([Piece("a", size_bytes=60)]) is None
    assert queue.offer([Piece("b", size_bytes=60)]) == "queue"
    assert queue.offer([Piece("b", size_bytes=40)]) is None


def test_many_greedy_clients_leave_room_for_the_next():
    queue = FairQueue(100, 10_000, 60)
    for client in ("a", "b"):
        while queue.offer(pieces(client, 1)) is None:
            pass
    taken = [queue.take() for _ in range(queue.counts()[0])]
    assert Counter(piece.client for piece in taken) == {"a": 60, "b": 40}
    assert queue.offer(pieces("c", 1)) == "queue"
    queue.finish(taken[:1])
    assert queue.offer(pieces("a", 1)) == "client"  # it has its even share, and more
    assert queue.offer(pieces("c", 1)) is None


def test_of_a_crowded_queue_everybody_ends_with_an_even_share():
    queue = FairQueue(60, 10_000, 40)
    names = ["greedy", "bold", "meek"]
    answered = Counter()
    for _ in range(600):
        for name in names[: 2 if not answered["bold"] else 3]:  # the third comes late
            while queue.offer(pieces(name, 1)) is None:
                pass
        taken = queue.take()
        queue.finish([taken])
        answered[taken.client] += 1
    assert answered["meek"] >= 0.8 * 600 / 3


def test_what_is_called_off_leaves_at_once():
    queue = FairQueue(10, 1000, 10)
    mine, other = pieces("a", 6), pieces("b", 1)
    assert queue.offer(mine) is None
    assert queue.offer(other) is None
    taken = queue.take()
    assert taken is mine[0]
    assert len(queue.call_off(mine)) == 6
    assert queue.counts() == (1, 0, 1, 1)
    assert queue.take() is other[0]


def test_the_servers_own_always_finds_room_until_it_closes():
    queue = FairQueue(1, 1, 1)
    assert queue.offer(pieces("", 5), always=True) is None
    assert len(queue.close(0)) == 5
    assert queue.offer(pieces("", 1), always=True) == "closing"
    assert queue.take() is None


def test_closing_waits_for_what_was_accepted():
    queue = FairQueue(10, 1000, 10)
    assert queue.offer(pieces("a", 3)) is None
    left = []
    closing = threading.Thread(target=lambda: left.extend(queue.close(60)))
    closing.start()
    for _ in range(3):
        queue.finish([queue.take()])
    closing.join()
    assert left == []
    assert queue.closing


def test_when_to_ask_again_is_between_1_and_30_seconds(monkeypatch):
    clock = iter(range(1000))
    monkeypatch.setattr("flaneur.serve.engine.counters.time.monotonic", lambda: float(next(clock)))
    counters = Counters()
    assert counters.retry_after_s("photos_answered", 500) == 1  # nothing is known
    for _ in range(10):
        counters.count("photos_answered")  # one a second
    assert counters.retry_after_s("photos_answered", 20) == 10
    assert counters.retry_after_s("photos_answered", 500) == 30


@pytest.mark.parametrize(
    "wrong",
    [{"batch": 0}, {"decode_s": -1.0}, {"photo_bytes": 1 << 40}, {"client_photos": 1000}, {"request_photos": 500}],
)
def test_limits_that_contradict_each_other_are_refused(wrong):
    with pytest.raises(UsageError, match=next(iter(wrong))):
        Limits(**wrong)
