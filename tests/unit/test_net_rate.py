"""Rates: never above what was set, as the server sees it: with threads, retries, several processes, kills, restarts."""

import signal
import sqlite3
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from flaneur.errors import InputError
from flaneur.net import Unreachable, open_client
from flaneur.net.rate import Rates
from flaneur.net.records import open_records
from flaneur.protocols import Limit
from provider.server import ALL, Faults, ProviderServer, json_response

WITHOUT_DRIP = tuple(kind for kind in ALL if kind != "drip")  # each costs two seconds, and shows nothing here
BASES = {"api": "https://toy.example"}
ASK_ON = """
import sys, threading
from flaneur.net import open_client
from flaneur.protocols import Limit
with open_client("toy", key=None, limits={"search": Limit(6, 0.5)}, bases={"api": "https://toy.example"}) as client:
    print("ready", flush=True)
    def ask(start):
        for number in range(start, 10_000, 3):
            client.get_json("api", f"/{sys.argv[1]}/{number}")
    for start in range(3):
        threading.Thread(target=ask, args=[start], daemon=True).start()
    sys.stdin.read()
"""


class Fine:
    def handle(self, request):
        return json_response([1])


@pytest.fixture
def server(monkeypatch, tmp_path):
    monkeypatch.setenv("FLANEUR_HOME", str(tmp_path))
    monkeypatch.setenv("FLANEUR_NET_WAIT_SCALE", "0.01")
    with ProviderServer([Fine()], Faults(share=0.2, seed=3, kinds=WITHOUT_DRIP)) as server:
        for name, value in server.environment("toy", "api").items():
            monkeypatch.setenv(name, value)
        yield server


@pytest.fixture
def rates(tmp_path):
    database = open_records(tmp_path / "net.sqlite", durable=False)
    yield lambda **limits: Rates(database, "toy", limits, threading.Event())
    database.close()


def opened(**limits):
    return open_client("toy", key=None, limits=limits, bases=BASES)


def test_threads_and_retries_stay_below_the_rate_and_near_it(server):
    started = time.time()
    with opened(search=Limit(10, 0.5), entity=Limit(3, 0.5)) as client, ThreadPoolExecutor(8) as crew:
        jobs = [crew.submit(client.get_json, "api", f"/s/{n}", group="search") for n in range(60)]
        jobs += [crew.submit(client.get_json, "api", f"/e/{n}", group="entity") for n in range(6)]
        assert [job.result() for job in jobs] == [[1]] * 66
    took = time.time() - started
    assert server.count("/s/") > 60  # some were asked again
    assert server.most_within(0.5, lambda one: one.path.startswith("/s/")) <= 10
    assert server.most_within(0.5, lambda one: one.path.startswith("/e/")) <= 3
    assert took < 4 * len(server.trace) / 20 + 30  # a busy machine is slow by itself


def test_processes_and_kills_stay_below_the_rate(server):
    """Two processes at a time, four in all, each killed without warning."""
    running = []
    for number in range(4):
        process = subprocess.Popen(
            [sys.executable, "-c", ASK_ON, str(number)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        running.append(process)
        assert process.stdout.readline() == "ready\n"
        until = time.monotonic() + 120
        while not server.count(f"/{number}/") and time.monotonic() < until:
            time.sleep(0.05)
        time.sleep(0.6)
        if len(running) > 1:
            running[-2].send_signal(signal.SIGKILL)
    running[-1].kill()
    for process in running:
        process.wait()
        process.stdin.close()
        process.stdout.close()
    assert server.most_within(0.5) <= 6
    assert {one.path.split("/")[1] for one in server.trace} == {"0", "1", "2", "3"}
    assert len(server.trace) > 15


def test_a_request_counts_from_its_reply(rates):
    """A reply that began late: the request may have come late."""
    limited = rates(search=Limit(1, 0.3))
    sent_at = time.time()
    slot = limited.take("search")
    time.sleep(0.3)
    replied = time.time()
    limited.settle(slot, sent_at)
    limited.take("search")
    assert time.time() >= replied + 0.3


def test_one_that_was_killed_blocks_for_a_moment_only(rates):
    limited = rates(search=Limit(1, 0.3))
    limited.take("search")  # never settled
    started = time.time()
    rates(search=Limit(1, 0.3)).take("search")
    assert 2.2 < time.time() - started < 60


def test_a_quota_that_is_used_up_is_said_at_once(rates):
    limited = rates(tile=Limit(2, 86_400.0), search=Limit(2, 1.0))
    for _ in range(2):
        limited.settle(limited.take("tile"), time.time())
    with pytest.raises(Unreachable, match=r"toy takes no further requests \(tile\) before 20"):
        limited.take("tile")
    limited.take("search")


def test_pauses_are_shared_and_never_shortened(rates):
    rates(search=Limit(9, 1.0)).pause("search", time.time() + 0.4)
    rates(search=Limit(9, 1.0)).pause("search", time.time() + 0.1)
    started = time.time()
    rates(search=Limit(9, 1.0)).take("search")
    assert 0.35 < time.time() - started < 60


def test_a_clock_that_is_put_back_blocks_nothing(rates, monkeypatch):
    limited = rates(search=Limit(1, 1.0))
    now = time.time()
    with monkeypatch.context() as patch:
        patch.setattr(time, "time", lambda: now + 7200)
        limited.settle(limited.take("search"), now + 7200)
    started = time.monotonic()
    limited.take("search")
    assert time.monotonic() - started < 60  # not the two hours


def test_what_is_long_past_is_forgotten(rates, tmp_path):
    limited = rates(search=Limit(5, 0.01))
    for _ in range(50):
        limited.settle(limited.take("search"), time.time())
        time.sleep(0.002)
    with sqlite3.connect(tmp_path / "net.sqlite") as connection:
        assert connection.execute("SELECT count(*) FROM asked").fetchone()[0] <= 6
    connection.close()


def test_a_group_without_a_limit_is_a_mistake(rates):
    with pytest.raises(ValueError, match="'tile'"):
        rates(search=Limit(1, 1.0)).take("tile")


def test_a_damaged_table_is_one_clear_line(monkeypatch, tmp_path):
    monkeypatch.setenv("FLANEUR_HOME", str(tmp_path))
    (tmp_path / "net.sqlite").write_bytes(b"no database at all" * 100)
    with pytest.raises(InputError, match=r"net\.sqlite: cannot be used .*move it away"), opened(search=Limit(1, 1.0)):
        pass


def test_a_full_disk_is_one_clear_line(rates):
    limited = rates(search=Limit(10**6, 1.0))
    limited._database._connection.execute("PRAGMA max_page_count = 1")  # SQLite then says what it says on a full disk
    with pytest.raises(InputError, match="Free some space"):  # noqa: PT012
        for _ in range(10_000):
            limited.take("search")
