"""A running server: who is slow, leaves, or comes while it ends; and what the command line says of it."""

import asyncio
import json
import socket
import threading
from contextlib import contextmanager, suppress
from dataclasses import replace

import httpx2  # noqa: TID251 - it asks a server of its own
import pytest

from bundles import tiny_bundle
from fake_engine import FakeEngine
from flaneur.cli.main import run
from flaneur.errors import UsageError
from flaneur.predict import Model
from flaneur.serve import connection, door
from flaneur.serve import run as run_module
from flaneur.serve.http import body, gate
from flaneur.serve.http.settings import ServeSettings
from flaneur.serve.limits import Limits
from flaneur.serve.run import Server, address_of, listen
from photos import drawn, jpeg
from serving import PATIENT, until

STREET = jpeg(drawn(1))
FOREVER_S = 240.0


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return Model(tiny_bundle(tmp_path_factory.mktemp("models") / "tiny"))


@pytest.fixture(autouse=True)
def patience(monkeypatch):
    """Nothing is cut short on a busy machine, except what a test says."""
    for module, name in (
        (connection, "HEAD_S"), (connection, "UNREAD_S"), (body, "_DISCARD_S"), (body, "IDLE_S"), (body, "SLICE_S"),
        (gate, "SMALL_BODY_S"),
    ):  # fmt: skip
        monkeypatch.setattr(module, name, FOREVER_S)
    monkeypatch.setattr("flaneur.serve.run._KEEP_ALIVE_S", FOREVER_S)


@contextmanager
def running(model, **settings):
    """A server in a thread, with its engine and address."""
    settings = ServeSettings(**{"port": 0, "limits": PATIENT} | settings)
    with listen(settings) as listener, FakeEngine([model], settings.limits) as engine:
        server = Server(engine, settings)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            until(lambda: server.started)
            server.address = address_of(listener)
            yield server, engine
        finally:
            engine.gate.set()
            server.should_exit = True
            thread.join(FOREVER_S)
        assert not thread.is_alive()


def predict(server, **options):
    return httpx2.post(f"{server.address}/v1/predict", files={"photo": STREET}, timeout=FOREVER_S, **options)


def spoken(server, data):
    """A connection on which something was said."""
    host, port = server.address.removeprefix("http://").split(":")
    connected = socket.create_connection((host, int(port)), timeout=FOREVER_S)
    connected.sendall(data)
    return connected


def heard(connected):
    """What is said on a connection until the other side ends it."""
    said = b""
    with suppress(ConnectionError):  # it had ended before it could read all
        while more := connected.recv(10_000):
            said += more
    return said


HEAD = b"POST /v1/predict HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: multipart/form-data; boundary=x\r\n"
FORM = b'--x\r\nContent-Disposition: form-data; name="photo"\r\n\r\n' + STREET + b"\r\n--x--\r\n"


def test_it_answers_and_ends(model):
    with running(model) as (server, _):
        assert predict(server).status_code == 200
    with pytest.raises(httpx2.ConnectError):
        httpx2.get(f"{server.address}/healthz", timeout=FOREVER_S)


def test_work_is_called_off_once_its_client_has_left(model):
    with running(model) as (server, engine):
        engine.gate.clear()
        waiting = [spoken(server, HEAD + b"Content-Length: %d\r\n\r\n" % len(FORM) + FORM) for _ in range(20)]
        until(lambda: len(engine.clients) == 20)
        for client in waiting:
            client.close()
        until(lambda: engine.cancelled == 20)
        engine.gate.set()
        assert predict(server).status_code == 200
        until(lambda: server.app.state.metrics.open == 0)
        told = httpx2.get(f"{server.address}/metrics", timeout=FOREVER_S).text
        assert 'flaneur_requests_total{method="POST",route="/v1/predict",status="499"} 20.0' in told
        assert engine.answered == 1


def test_a_body_that_stays_away_is_not_waited_for(model, monkeypatch):
    monkeypatch.setattr(body, "_DISCARD_S", 0.1)
    with running(model, limits=Limits(body_s=0.2)) as (server, engine):
        with spoken(server, HEAD + b"Content-Length: 1000\r\n\r\n--x") as client:
            answer = client.makefile("rb").read()
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert b"connection: close" in answer.lower()
        assert not engine.clients


def test_a_head_that_stays_away_is_not_waited_for(model, monkeypatch):
    with running(model) as (server, _), spoken(server, b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n") as kept:
        until(lambda: server.server_state.total_requests == 1)
        monkeypatch.setattr(connection, "HEAD_S", 0.2)
        kept.sendall(b"GET /healthz HTTP")
        with spoken(server, HEAD) as client, spoken(server, b"") as silent:
            assert (heard(kept).count(b"HTTP/1.1"), heard(client), heard(silent)) == (1, b"", b"")


def test_half_a_head_behind_a_whole_request_is_not_waited_for(model, monkeypatch):
    monkeypatch.setattr("flaneur.serve.run._KEEP_ALIVE_S", 0.2)
    once = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    with running(model) as (server, _), spoken(server, once + b"GET /healthz HTTP") as client:
        assert heard(client).count(b"200 OK") == 1


def test_a_refused_body_is_taken_in_so_that_its_answer_is_read(model):
    with running(model, token="a-token-of-some-length") as (server, _):
        large = b"x" * 5_000_000
        answer = httpx2.post(f"{server.address}/v1/predict", files={"photo": large}, timeout=FOREVER_S)
        assert answer.status_code == 401
        with httpx2.Client(timeout=FOREVER_S) as client:
            for _ in range(3):  # on one connection
                assert client.post(f"{server.address}/v1/predict", files={"photo": large}).status_code == 401


TOKEN = "a-token-of-some-length"


def test_bodies_under_way_shut_nobody_out(model):
    limits = replace(PATIENT, queue_photos=2, client_photos=2, request_photos=2)
    slow = b"POST /v1/games/invitation HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 50\r\n\r\n{"
    with running(model, token=TOKEN, limits=limits) as (server, _):
        sending = [spoken(server, slow) for _ in range(6)]
        until(lambda: server.app.state.metrics.open == 6)
        assert predict(server, headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200
        for client in sending:
            client.close()


def test_a_body_about_a_game_is_waited_for_a_few_seconds_and_any_while_it_comes(model, monkeypatch):
    monkeypatch.setattr("flaneur.serve.http.gate.SMALL_BODY_S", 0.2)
    slow = b"POST /v1/games/invitation HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 50\r\n\r\n{"
    with running(model) as (server, _), spoken(server, slow) as client:
        assert client.makefile("rb").read().startswith(b"HTTP/1.1 408 ")
    monkeypatch.setattr(body, "IDLE_S", 0.2)
    monkeypatch.setattr(body, "_DISCARD_S", 0.1)
    with running(model) as (server, engine):
        with spoken(server, HEAD + b"Content-Length: 9000000\r\n\r\n" + FORM[:100] + b"x" * 4_000_000) as client:
            assert client.makefile("rb").read().startswith(b"HTTP/1.1 408 ")  # bytes sent quickly earn no time to stall
        assert not engine.clients


def test_an_answer_that_nobody_reads_is_given_up(model, monkeypatch):
    monkeypatch.setattr(connection, "UNREAD_S", 0.2)
    monkeypatch.setattr(connection, "MOST_AHEAD", 2000)
    with running(model) as (server, _):
        with spoken(server, b"GET /openapi.json HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 1500) as client:
            until(lambda: server.app.state.metrics.open == 1 or not server.server_state.connections)
            until(lambda: not server.server_state.connections)
            until(lambda: server.app.state.metrics.open == 0)
            assert client.fileno() > 0
        assert httpx2.get(f"{server.address}/healthz", timeout=FOREVER_S).status_code == 200


def test_who_asks_far_ahead_of_the_answers_is_not_listened_to(model):
    once = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    with running(model) as (server, engine):
        with spoken(server, once * 32 + once.replace(b"Host", b"Connection: close\r\nHost")) as client:
            assert heard(client).count(b"200 OK") == 33
        engine.gate.clear()
        with spoken(server, HEAD + b"Content-Length: %d\r\n\r\n" % len(FORM) + FORM + once * 40) as client:
            assert heard(client) == b""
        until(lambda: not server.server_state.connections)


def test_what_is_no_request_is_not_answered_in_the_middle_of_another(model):
    with running(model) as (server, engine):
        engine.gate.clear()
        whole = HEAD + b"Content-Length: %d\r\n\r\n" % len(FORM) + FORM
        with spoken(server, whole) as client:
            until(lambda: len(engine.clients) == 1)
            client.sendall(b"\0\r\n\r\n")
            assert heard(client) == b""


def test_who_says_nothing_makes_room_for_who_asks(model, caplog):
    with running(model, limits=replace(PATIENT, client_connections=3)) as (server, _):
        silent = [spoken(server, b"") for _ in range(3)]
        until(lambda: len(server.door) == 3)
        assert predict(server).status_code == 200
        assert heard(silent[0]) == b""
        assert server.door.displaced == 1
        for client in silent:
            client.close()
        until(lambda: not server.server_state.connections)
        assert len(server.door) == 0
    assert not [record for record in caplog.records if record.name == "asyncio" and record.levelname == "ERROR"]


def test_one_more_than_are_served_is_told_to_come_back_and_they_are_answered(model):
    with running(model, limits=replace(PATIENT, client_connections=3)) as (server, engine):
        engine.gate.clear()
        whole = HEAD + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(FORM) + FORM
        served = [spoken(server, whole) for _ in range(3)]
        until(lambda: len(engine.clients) == 3)
        answer = predict(server)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
        assert answer.json()["error"]["code"] == "too_many_connections"
        engine.gate.set()
        for client in served:
            assert heard(client).startswith(b"HTTP/1.1 200 ")
            client.close()
        assert predict(server).status_code == 200


def test_a_body_that_is_sent_for_long_makes_room_and_one_that_was_answered_counts_as_silent(model, monkeypatch):
    monkeypatch.setattr(door, "SLOW_S", 0.0)
    once = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    with running(model, limits=replace(PATIENT, client_connections=2)) as (server, engine):
        engine.gate.clear()
        served = spoken(server, HEAD + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(FORM) + FORM)
        until(lambda: len(engine.clients) == 1)
        sending = spoken(server, HEAD + b"Content-Length: 1000\r\n\r\n--x")
        until(lambda: server.app.state.metrics.open == 2)
        with spoken(server, once) as kept:
            assert heard(sending) == b""
            sending.close()
            until(lambda: server.server_state.total_requests == 1)
            with spoken(server, b"") as other:
                assert heard(kept).startswith(b"HTTP/1.1 200 ")
                until(lambda: server.door.displaced == 2)
                other.sendall(once)
                assert other.recv(10_000).startswith(b"HTTP/1.1 200 ")
        engine.gate.set()
        assert heard(served).startswith(b"HTTP/1.1 200 ")
        served.close()


def test_what_is_turned_away_in_masses_is_closed_without_a_word(model, monkeypatch):
    monkeypatch.setattr(door, "MOST_TOLD", 0)
    with running(model, limits=replace(PATIENT, client_connections=1)) as (server, engine):
        engine.gate.clear()
        served = spoken(server, HEAD + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(FORM) + FORM)
        until(lambda: len(engine.clients) == 1)
        with spoken(server, b"") as one_more:
            assert heard(one_more) == b""
        engine.gate.set()
        assert heard(served).startswith(b"HTTP/1.1 200 ")
        served.close()


def test_as_many_files_as_allowed_and_fewer_connections():
    resource = pytest.importorskip("resource", reason="the system has no such limits")
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(before[0], 512), before[1]))
    try:
        assert connection.most_connections() == 256
        connection.raise_most_files()
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == min(8192, before[1]) or before[1] < 0
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_a_body_that_nobody_sends_does_not_hold_up_the_end(model, monkeypatch):
    monkeypatch.setattr(body, "SLICE_S", 0.1)
    monkeypatch.setattr(body, "IDLE_S", FOREVER_S)
    with running(model) as (server, _), spoken(server, HEAD + b"Content-Length: 1000\r\n\r\n--x") as client:
        until(lambda: server.app.state.metrics.open == 1)
        server.should_exit = True
        assert client.makefile("rb").read().startswith(b"HTTP/1.1 408 ")


def test_all_stages_of_ending_keep_within_one_limit(model):
    settings = ServeSettings(port=0)
    with FakeEngine([model]) as engine:
        config = Server(engine, settings).config
    ending = run_module._GRACE_S + config.timeout_graceful_shutdown + settings.limits.drain_s * run_module._ENDING
    assert ending < settings.limits.drain_s


def test_an_endless_body_is_cut_off(model, monkeypatch):
    monkeypatch.setattr(body, "_DISCARD_S", 0.2)

    def endless():
        yield FORM[:60]
        while True:
            yield b"x" * 60_000

    limits = replace(PATIENT, request_bytes=500_000, photo_bytes=400_000)
    heads = {"Content-Type": "multipart/form-data; boundary=x"}
    with running(model, limits=limits) as (server, engine):
        with suppress(httpx2.TransportError):  # the server hangs up while the client still sends
            answer = httpx2.post(f"{server.address}/v1/predict", content=endless(), headers=heads, timeout=FOREVER_S)
            assert answer.status_code == 413
        assert not engine.clients
        assert predict(server).status_code == 200


def test_what_was_accepted_is_answered_while_the_server_ends(model, monkeypatch):
    told = threading.Event()
    with running(model, limits=replace(PATIENT, drain_s=FOREVER_S)) as (server, engine):
        stop_listening = server._stop_listening

        async def once_told(listeners):
            await asyncio.to_thread(told.wait, FOREVER_S)
            await stop_listening(listeners)

        monkeypatch.setattr(server, "_stop_listening", once_told)
        engine.gate.clear()
        answers = []
        asking = [threading.Thread(target=lambda: answers.append(predict(server).status_code)) for _ in range(8)]
        for thread in asking:
            thread.start()
        until(lambda: len(engine.clients) == 8)
        server.should_exit = True
        until(lambda: server.app.state.draining)
        ready = httpx2.get(f"{server.address}/readyz", timeout=FOREVER_S)
        told.set()
        assert (ready.status_code, ready.headers["Connection"]) == (503, "close")
        engine.gate.set()
        for thread in asking:
            thread.join(FOREVER_S)
        assert answers == [200] * 8


def test_what_never_ends_is_cut_off_after_the_drain(model):
    with running(model, limits=replace(PATIENT, drain_s=1.0)) as (server, engine):
        engine.gate.clear()
        with spoken(server, HEAD + b"Content-Length: %d\r\n\r\n" % len(FORM) + FORM) as client:
            until(lambda: engine.clients)
            server.should_exit = True
            client.makefile("rb").read()  # ends, since the server does


def test_a_second_signal_ends_at_once(model, monkeypatch):
    ended = []
    monkeypatch.setattr("os._exit", ended.append)
    with running(model) as (server, _):
        server.handle_exit(15, None)
        assert (server.app.state.draining, ended) == (True, [])
        server.handle_exit(15, None)
    assert ended == [143]


def asking(head=HEAD, form=FORM):
    return head + b"Content-Length: %d\r\n\r\n" % len(form) + form


def answers_of(connected, count):
    """So many answers: their status and head, in lower case, and their JSON."""
    stream, found = connected.makefile("rb"), []
    for _ in range(count):
        head = b"".join(iter(stream.readline, b"\r\n")).lower().decode()
        found.append(
            (int(head[9:12]), head, json.loads(stream.read(int(head.split("content-length: ")[1].split()[0]))))
        )
    return found


def test_a_crowded_server_refuses_at_once_and_keeps_the_connection(model):
    with running(model) as (server, engine), spoken(server, b"") as client:
        engine.busy = "queue"
        client.sendall(asking()[:-9])  # the answer does not wait for the end of the body
        ((status, head, said),) = answers_of(client, 1)
        assert (status, said["error"]["code"]) == (429, "busy")
        assert "retry-after: 3\r\n" in head
        assert "connection: close" not in head
        for line in ("date: ", "content-type: application/json", "x-content-type-options: nosniff"):
            assert line in head
        assert all(f"{name.lower()}: {value.lower()}\r\n" in head for name, value in gate.HEADS.items())
        client.sendall(asking()[-9:] + asking())
        engine.busy = "client"
        client.sendall(asking())
        assert [status for status, _, _ in answers_of(client, 2)] == [429, 429]
        engine.busy = None
        client.sendall(asking())
        assert answers_of(client, 1)[0][0] == 200
        told = httpx2.get(f"{server.address}/metrics", timeout=FOREVER_S).text
    assert 'flaneur_requests_total{method="POST",route="/v1/predict",status="429"} 3.0' in told
    assert 'flaneur_requests_total{method="POST",route="/v1/predict",status="200"} 1.0' in told


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (HEAD.replace(b"127.0.0.1", b"evil.example"), 403),
        (HEAD + b"Origin: https://evil.example\r\n", 403),
        (HEAD + b"Sec-Fetch-Site: cross-site\r\n", 403),
        (HEAD.replace(b"POST", b"PUT"), 405),
        (HEAD.replace(b"/v1/predict", b"/v1/nothing"), 404),
        (HEAD + b"Connection: close\r\n", 429),
    ],
)
def test_a_crowded_server_says_first_what_else_is_wrong(model, head, status):
    with running(model) as (server, engine):
        engine.busy = "queue"
        with spoken(server, asking(head)) as client:
            assert answers_of(client, 1)[0][0] == status


def test_a_crowded_server_wants_the_token_first(model):
    token = "a-token-of-some-length"
    with running(model, token=token) as (server, engine):
        engine.busy = "queue"
        for shown, status in ((b"", 401), (b"Authorization: Bearer %s\r\n" % token.encode(), 429)):
            with spoken(server, asking(HEAD + shown)) as client:
                assert answers_of(client, 1)[0][0] == status


def test_a_head_without_end_is_cut_off(model):
    endless = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n" + b"X-More: %s\r\n" % (b"x" * 1000) * 2000
    with running(model) as (server, engine):
        with spoken(server, b"") as client:
            with suppress(ConnectionError):
                client.sendall(endless)
            said = heard(client)
        assert said == b"" or said.startswith(b"HTTP/1.1 400 ")
        engine.gate.clear()
        with spoken(server, asking()) as client:
            until(lambda: engine.clients)
            with suppress(ConnectionError):
                client.sendall(endless)
            assert heard(client) == b""  # no word of it between the words of the first answer
        engine.gate.set()
        assert predict(server).status_code == 200


def test_a_port_that_is_taken_and_an_address_of_others_are_told_in_a_line(capsys):
    with listen(ServeSettings(port=0)) as listener:
        port = listener.getsockname()[1]
        assert run(["serve", "--port", str(port)]) == 2
    assert f"port {port}" in capsys.readouterr().err
    with pytest.raises(UsageError, match=r"no address of this computer|cannot listen"):
        listen(ServeSettings(host="192.0.2.1", token="a-token-of-some-length"))


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--host", "0.0.0.0"], 2, "--token-file"),
        (["--token-file", "nowhere"], 3, "cannot be read"),
        (["no-such-model"], 3, "No model called 'no-such-model'"),
        (["--allow-origin", "*"], 2, "is no origin"),
        (["--port", "x"], 2, "--port"),
    ],
)
def test_wrong_words_are_told_in_a_line(words, code, said, capsys):
    assert run(["serve", *words]) == code
    told = capsys.readouterr().err
    assert said in told
    assert told.count("\n") == 1
