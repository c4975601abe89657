"""The ledger: what is billed is on disk before it is sent, and the budget holds over restarts, threads and kills."""

import sqlite3
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from flaneur.errors import BudgetError, UsageError
from flaneur.net import Unreachable, open_client, spent, used_this_month
from flaneur.protocols import Limit
from provider.server import Faults, ProviderServer, Response, json_response

LIMITS = {"search": Limit(1000, 1.0)}
BASES = {"api": "https://toy.example"}
KILLED = """
import sys
from flaneur.net import open_client
from flaneur.protocols import Limit
price = lambda sku, used: 0.5
limits, bases = {"search": Limit(9, 1.0)}, {"api": "https://toy.example"}
with open_client("toy", key=None, limits=limits, bases=bases, budget=3.0, price=price) as client:
    client.get_json("api", "/slow", billed="picture")
"""


class Noted:
    """Looks into the ledger while a request is being answered."""

    def __init__(self, path):
        self.path = path
        self.rows = []
        self.asked = threading.Event()

    def handle(self, request):
        connection = sqlite3.connect(self.path)
        self.rows.append(connection.execute("SELECT sku, price FROM spent ORDER BY entry").fetchall())
        connection.close()
        self.asked.set()
        return json_response([1]) if request.path != "/slow" else Response(b"[1]", after_s=30)


@pytest.fixture
def lead(monkeypatch, tmp_path):
    monkeypatch.setenv("FLANEUR_HOME", str(tmp_path))
    monkeypatch.setenv("FLANEUR_NET_WAIT_SCALE", "0.01")

    def lead(server, **spending):
        for name, value in server.environment("toy", "api").items():
            monkeypatch.setenv(name, value)
        return open_client("toy", key=None, limits=LIMITS, bases=BASES, **spending)

    return lead


def half(sku, used):
    return 0.5


def test_it_is_noted_before_it_is_sent(lead, tmp_path):
    route = Noted(tmp_path / "net.sqlite")
    with ProviderServer([route]) as server, lead(server, price=half, budget=5.0) as client:
        client.get_json("api", "/free")
        client.get_json("api", "/a", billed="picture")
        client.get_json("api", "/b", billed="detail")
        assert client.spent() == 1.0
    assert route.rows == [[], [("picture", 0.5)], [("picture", 0.5), ("detail", 0.5)]]


def test_the_budget_holds_over_twenty_restarts_and_failures(lead):
    with ProviderServer(
        [Noted(":memory:")], Faults(share=1.0, kinds=("status_500", "reset"), most_in_a_row=2)
    ) as server:
        server.routes = [type("Fine", (), {"handle": lambda *_: json_response([1])})()]
        for number in range(20):
            with lead(server, price=half, budget=7.2, purpose="mine") as client:
                if number < 4:
                    client.get_json("api", f"/{number}", billed="picture")
                    continue
                with pytest.raises(BudgetError, match=r"7\.000 of the budget of 7\.2 is spent") as caught:
                    client.get_json("api", f"/{number}", billed="picture")
                assert caught.value.exit_code == 5
        assert len(server.trace) == 14  # three attempts each, all of them counted
    assert (spent("toy", "mine"), spent("toy", "other"), used_this_month("toy", "picture")) == (7.0, 0.0, 14)


def test_each_purpose_has_its_own_budget_and_all_share_the_month(lead):
    def tiers(sku, used):
        return 0.0 if used < 3 else 2.0

    with ProviderServer([type("Fine", (), {"handle": lambda *_: json_response([1])})()]) as server:
        for purpose in ("one", "two"):
            with lead(server, price=tiers, budget=4.0, purpose=purpose) as client:
                for number in range(2):
                    client.get_json("api", f"/{number}", billed="picture")
    assert (spent("toy", "one"), spent("toy", "two")) == (0.0, 2.0)


def test_threads_together_spend_no_more(lead):
    with ProviderServer([type("Fine", (), {"handle": lambda *_: json_response([1])})()]) as server:
        with lead(server, price=half, budget=10.0) as client, ThreadPoolExecutor(8) as crew:
            jobs = [crew.submit(client.get_json, "api", f"/{number}", billed="picture") for number in range(40)]
        assert sum(job.exception() is None for job in jobs) == 20
        assert {type(job.exception()) for job in jobs} == {type(None), BudgetError}
        assert len(server.trace) == 20


def test_what_was_never_sent_costs_nothing(lead):
    with ProviderServer([]) as gone:
        pass
    with lead(gone, price=half, budget=1.0) as client:
        with pytest.raises(Unreachable):
            client.get_json("api", "/a", billed="picture")
        assert client.spent() == 0


def test_what_was_under_way_when_the_process_was_killed_is_counted(lead, tmp_path):
    route = Noted(tmp_path / "net.sqlite")
    with ProviderServer([route]) as server:
        with lead(server):
            pass
        process = subprocess.Popen([sys.executable, "-c", KILLED])
        assert route.asked.wait(30)
        process.kill()
        process.wait()
    assert spent("toy") == 0.5


def test_a_budget_without_prices_means_nothing(lead, tmp_path):
    assert (spent("toy"), used_this_month("toy", "picture")) == (0.0, 0)
    assert not (tmp_path / "net.sqlite").exists()  # to look is not to make
    with ProviderServer([]) as server, pytest.raises(UsageError, match="no prices"), lead(server, budget=1.0):
        pass
