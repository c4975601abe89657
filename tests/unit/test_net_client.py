"""The polite client against a real server that misbehaves: all is had, once, in time, and nothing is asked in vain."""

import base64
import gzip
import hashlib
import hmac
import socket
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from email.utils import formatdate

import pytest

from flaneur.errors import CredentialsError, FlaneurError, PhotoError, UsageError
from flaneur.net import NotThere, Refused, Unreachable, open_client, sender, silence, transport
from flaneur.net.attempts import Pace
from flaneur.protocols import Key, Limit
from provider.server import HTML, Faults, ProviderServer, Response, jpeg_response, json_response
from provider.session import MISBEHAVING, be_patient
from provider.world import World

WORLD = World({"aldmoor": (38.0, -40.0)}, photos=60, seed=1, size_px=64)
JPEG = WORLD.picture(WORLD.all[0])
KEY = Key("TOY_KEY", "header:Authorization:OAuth ", "https://toy.example/keys")
LIMITS = {"search": Limit(1000, 1.0), "image": Limit(1000, 1.0)}
BASES = {"api": "https://toy.example"}


class Photos:
    def handle(self, request):
        photo = WORLD.by_id.get(request.path.strip("/"))
        return jpeg_response(WORLD.picture(photo)) if photo else None


class Script:
    """Answers each request with the next of some replies, and the last for ever."""

    def __init__(self, *replies):
        self.replies = list(replies)
        self.seen = []

    def handle(self, request):
        self.seen.append(request)
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        return reply(request) if callable(reply) else reply


@pytest.fixture(autouse=True)
def place(monkeypatch, tmp_path):
    monkeypatch.setenv("FLANEUR_HOME", str(tmp_path))
    monkeypatch.setenv("FLANEUR_NET_WAIT_SCALE", "0.01")
    monkeypatch.setenv("TOY_KEY", "canary-7f3a|key")


@pytest.fixture
def lead(monkeypatch):
    """A client that is led to a server."""

    def lead(server, key=KEY, **more):
        for name, value in server.environment("toy", "api").items():
            monkeypatch.setenv(name, value)
        return open_client("toy", key=key, limits=LIMITS, bases=BASES, **more)

    return lead


def test_all_is_had_once_whatever_the_provider_does(lead, monkeypatch):
    faults = Faults(share=0.3, seed=8, kinds=MISBEHAVING.kinds)
    be_patient(monkeypatch, faults)
    with ProviderServer([Photos()], faults) as server, lead(server) as client:
        with ThreadPoolExecutor(8) as crew:
            pictures = list(crew.map(lambda photo: client.get_bytes("api", photo.id).content, WORLD.all))
        assert pictures == [WORLD.picture(photo) for photo in WORLD.all]
        assert server.delivered == {f"/{photo.id}": 1 for photo in WORLD.all}
        assert len({one.fault for one in server.trace}) >= 8
        assert server.too_early() == []
        assert client.requests == {"image": len(server.trace)}


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, Refused),
        (401, CredentialsError),
        (403, CredentialsError),
        (404, NotThere),
        (410, NotThere),
        (418, Refused),
    ],
)
def test_what_cannot_pass_is_asked_once(lead, status, kind):
    reply = json_response({"error": {"message": "no such\nthing"}}, status)
    with ProviderServer([Script(reply)]) as server, lead(server) as client:
        with pytest.raises(kind, match=": no such thing") as caught:
            client.get_json("api", "/thing", {"a": 1})
        assert len(server.trace) == 1
    if kind is Refused:
        assert (caught.value.status, caught.value.content, caught.value.code) == (status, reply.body, "refused")


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        ({"error": {"message": "Bad key canary-7f3a|key", "type": "OAuth"}}, r"\(HTTP 403: Bad key \*\*\*\)"),
        ({"errors": [{"detail": "Bad key"}], "x": 1}, r"\(HTTP 403: Bad key\)"),
        ({"status": {"apiMessage": "Bad key", "apiCode": 401}}, r"\(HTTP 403: Bad key\)"),
        ({"error": "invalid", "error_description": "Bad key"}, r"\(HTTP 403: Bad key\)"),
        ({"code": 7, "why": ["x"]}, r'\(HTTP 403: {"code": 7, "why": \["x"\]}\)'),
    ],
)
def test_a_refusal_is_told_in_the_providers_words_not_in_json(lead, reply, words):
    server = ProviderServer([Script(json_response(reply, 403))])
    with server, lead(server) as client, pytest.raises(CredentialsError, match=words):
        client.get_json("api", "/a")


def test_without_a_key_a_403_is_no_matter_of_keys(lead):
    with ProviderServer([Script(Response(b"Please set a User-Agent", 403))]) as server, lead(server, None) as client:
        with pytest.raises(Refused, match="Please set a User-Agent"):
            client.get_json("api", "/w/api.php")
        with pytest.raises(Refused):  # an address from a reply never gets the key, so it is not to blame either
            client.get_bytes(f"{server.url}/expired.jpg")


@pytest.mark.parametrize("form", ["seconds", "date", "date of a wrong clock"])
def test_retry_after_is_kept_to_by_every_thread(lead, monkeypatch, form):
    monkeypatch.setenv("FLANEUR_NET_WAIT_SCALE", "1")
    ahead = 7200 if form == "date of a wrong clock" else 0
    wait = "1" if form == "seconds" else formatdate(int(time.time()) + ahead + 2, usegmt=True)
    date = {"Date": formatdate(time.time() + ahead, usegmt=True)}
    busy = json_response({}, 429 if form == "seconds" else 503, {"Retry-After": wait} | date)
    with ProviderServer([Script(busy, json_response([1]))]) as server, lead(server) as client:
        started = time.time()
        assert client.get_json("api", "/a") == [1]
        assert time.time() - started >= 1.0
        assert server.trace[1].time >= server.trace[0].replied + 1.0
        assert len(server.trace) == 2


def test_a_long_retry_after_is_said_and_kept_by_the_next_run(lead):
    with ProviderServer([Script(json_response({}, 429, {"Retry-After": "360000"}))]) as server:
        for _ in range(2):
            with lead(server) as client, pytest.raises(Unreachable, match=r"before 20\d\d-\d\d-\d\d \d\d:\d\d"):
                client.get_json("api", "/a")
        assert len(server.trace) == 1


@pytest.mark.parametrize("path", ["/a", "/bb"])  # dripping the head, and only the body
def test_a_slow_drip_is_cut(lead, path):
    with (
        ProviderServer([Script(jpeg_response(JPEG))], Faults(1.0, kinds=("drip",), most_in_a_row=1)) as server,
        lead(server) as client,
    ):
        started = time.monotonic()
        assert client.get_bytes("api", path).content == JPEG
        assert time.monotonic() - started > 1.9
        assert [one.fault for one in server.trace] == ["drip", ""]


def test_a_picture_that_ends_early_is_noticed_even_without_a_length(lead):
    early = Response(JPEG[:-500], 200, {"Content-Type": "image/jpeg", "Content-Length": ""})
    whole = Response(JPEG, 200, {"Content-Length": ""})
    with ProviderServer([Script(early, whole)]) as server, lead(server) as client:
        assert client.get_bytes("api", "/a").content == JPEG
        assert len(server.trace) == 2


def test_a_page_in_place_of_a_picture_is_taken_for_one_three_times(lead):
    page = Script(Response(HTML, 200, {"Content-Type": "text/html"}))
    with ProviderServer([page]) as server, lead(server) as client:
        with pytest.raises(PhotoError, match="a page instead of a picture, three times") as caught:
            client.get_bytes("api", "/a.jpg")
        assert caught.value.code == "not_an_image"
        assert len(server.trace) == 3
        with pytest.raises(Unreachable, match="not JSON"):
            client.get_json("api", "/b")
        with pytest.raises(Unreachable, match="a page"):
            client.get_bytes("api", "/c", accept="any")
        assert len(server.trace) == 9


def test_a_provider_that_is_down_is_asked_six_times(lead):
    with ProviderServer([Script(Response(b"", 502))]) as server, lead(server) as client:
        with pytest.raises(Unreachable, match=r"/a could not be had now \(last: HTTP 502\).*same command goes on"):
            client.get_json("api", "/a", {"q": "secret question"})
        assert len(server.trace) == 6
    with lead(server) as client, pytest.raises(Unreachable, match="no connection"):
        client.get_json("api", "/a")


def test_a_provider_that_was_never_heard_of_is_given_up_soon_and_says_so_meanwhile(lead, monkeypatch, caplog):
    monkeypatch.setattr(silence, "TELL_S", 0.02)
    monkeypatch.setattr(silence, "GIVE_UP_S", 0.15)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, but nobody listens
        host = f"127.0.0.1:{taken.getsockname()[1]}"
        monkeypatch.setenv("FLANEUR_TOY_API_URL", f"http://{host}")
        with open_client("toy", key=KEY, limits=LIMITS, bases=BASES) as client:
            with pytest.raises(Unreachable, match=f"{host} gave not one .*no connection.*goes on") as caught:
                client.get_json("api", "/a")
            assert caught.value.reason == "no connection"
            sent = client.requests.total()
            assert 3 <= sent <= 6
            with pytest.raises(Unreachable):
                client.get_json("api", "/b")
            assert client.requests.total() == sent
    assert [record.getMessage() for record in caplog.records] == [f"toy: no connection to {host}, trying again"]


def test_a_provider_that_was_heard_of_keeps_its_six_attempts(lead, monkeypatch):
    monkeypatch.setattr(silence, "GIVE_UP_S", 0.0)
    with ProviderServer([Script(json_response([1]), Response(b"", 502))]) as server, lead(server) as client:
        client.get_json("api", "/a")
        with pytest.raises(Unreachable, match="HTTP 502"):
            client.get_json("api", "/a")
        assert len(server.trace) == 7


def test_what_a_source_calls_passing_is_tried_again(lead):
    tired, good = json_response({"status": "UNKNOWN_ERROR"}), json_response({"status": "OK"})
    with ProviderServer([Script(tired, json_response({"status": "UNKNOWN_ERROR"}, 400), good)]) as server:
        with lead(server) as client:
            later = lambda reply: reply["status"] == "UNKNOWN_ERROR"  # noqa: E731
            assert client.get_json("api", "/a", retry_if=later) == {"status": "OK"}
        assert len(server.trace) == 3


def test_what_is_sent_is_what_was_meant(lead):
    script = Script(json_response({}))
    with ProviderServer([script]) as server, lead(server, contact="ada@example.org") as client:
        client.get_json("api", "/a", {"bbox": "1.5,2", "n": 3, "é": "a b&c"}, headers={"X-Mask": "places.id"})
        client.post_json("api", "/b", {"circle": [1, 2]})
        client.post_json("api", "/c", form={"lat": "1.5", "radius": 30})
    get, post, form = script.seen
    assert get.params == {"bbox": "1.5,2", "n": "3", "é": "a b&c"}
    assert (get.headers["x-mask"], get.headers["authorization"]) == ("places.id", "OAuth canary-7f3a|key")
    assert get.headers["user-agent"].startswith("flaneur/0.1.0 (")
    assert "ada@example.org" in get.headers["user-agent"]
    assert (post.method, post.json, form.form) == ("POST", {"circle": [1, 2]}, {"lat": "1.5", "radius": "30"})


def test_a_key_in_the_address_and_its_signature(lead, monkeypatch):
    monkeypatch.setenv("TOY_SECRET", base64.urlsafe_b64encode(b"\xfb\xffsecret").decode())
    key = Key("TOY_KEY", "query:key", "https://toy.example", secret_variable="TOY_SECRET")
    script = Script(json_response({}))
    with ProviderServer([script]) as server, lead(server, key) as client:
        client.get_json("api", "/maps/api", {"pano": "a b"})
        client.get_json("api", "/open", where="none")
        client.get_json("api", "/tiles", where="query:access_token")
    signed, bare, tile = script.seen
    before, _, _ = signed.raw.partition("&signature=")
    expected = hmac.new(b"\xfb\xffsecret", before.encode(), hashlib.sha1).digest()
    assert signed.params == {
        "pano": "a b", "key": "canary-7f3a|key", "signature": base64.urlsafe_b64encode(expected).decode(),
    }  # fmt: skip
    assert bare.params == {}
    assert tile.params["access_token"] == "canary-7f3a|key"


def test_redirects_keep_the_key_at_home(lead):
    with ProviderServer([Script(jpeg_response(JPEG))]) as elsewhere:
        near = Script(Response(b"", 302, {"Location": "/b"}), Response(b"", 307, {"Location": f"{elsewhere.url}/c"}))
        with ProviderServer([near]) as server, lead(server) as client:
            assert client.get_bytes("api", "/a", headers={"X-Mine": "1"}).content == JPEG
        assert [("authorization" in one.headers) for one in server.trace] == [True, True]
        (away,) = elsewhere.trace
        assert "authorization" not in away.headers
        assert "x-mine" not in away.headers
        assert client.requests == {"image": 3}


@pytest.mark.parametrize(
    "location",
    [
        "/again",
        "http://10.0.0.1/x",
        "file:///etc/passwd",
        "https://169.254.169.254/latest",
        "https://user@toy.example/",
    ],
)
def test_redirects_into_nowhere_are_refused(lead, location):
    with ProviderServer([Script(Response(b"", 302, {"Location": location}))]) as server, lead(server) as client:
        with pytest.raises(Refused):
            client.get_bytes("api", "/a")
        assert len(server.trace) == (6 if location == "/again" else 1)
        with pytest.raises(Refused):
            client.post_json("api", "/a", {"x": 1})


def test_no_reply_leads_into_the_users_network():
    hosts = [
        "127.0.0.1", "localhost", "2130706433", "0177.0.0.1", "127.1", "0x7f.1", "[::1]", "[::ffff:127.0.0.1]",
        "[64:ff9b::7f00:1]", "[::]", "0.0.0.0", "10.1.2.3", "192.168.1.1", "172.16.0.1", "169.254.169.254",
        "100.100.100.200", "[fe80::1]", "[fd00::1]", "[2002:7f00:1::]", "224.0.0.1", "255.255.255.255",
    ]  # fmt: skip
    with ProviderServer([Photos()]) as server, open_client("toy", key=None, limits=LIMITS, bases=BASES) as client:
        port = server.url.rpartition(":")[2]
        for host in hosts:
            with pytest.raises(Refused, match=r"private network|no address"):
                client.get_bytes(f"https://{host}:{port}/a.jpg")
            with pytest.raises(Refused, match="https only"):
                client.get_bytes(f"http://{host}:{port}/a.jpg")
        assert server.trace == []


def test_bases_may_be_led_elsewhere_but_only_safely(monkeypatch):
    for url in ("http://toy.example", "ftp://127.0.0.1", "https://", "nonsense"):
        monkeypatch.setenv("FLANEUR_TOY_API_URL", url)
        with (
            pytest.raises(UsageError, match="FLANEUR_TOY_API_URL"),
            open_client("toy", key=None, limits=LIMITS, bases=BASES),
        ):
            pass


def test_a_proxy_is_used_and_looks_names_up_itself(monkeypatch):
    asked = []
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.getsockname()[1]}")
        monkeypatch.setenv("NO_PROXY", "")
        with open_client("toy", key=None, limits=LIMITS, bases=BASES) as client:

            def refuse():
                connection, _address = proxy.accept()
                asked.append(connection.recv(65536).split(b"\r\n")[0])
                client.stop()
                connection.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
                connection.close()

            thread = threading.Thread(target=refuse)
            thread.start()
            with pytest.raises(Unreachable, match="Stopped"):
                client.get_json("api", "/a")
            thread.join()
    assert asked == [b"CONNECT toy.example:443 HTTP/1.1"]


def test_waits_are_never_shortened_for_a_real_provider():
    assert Pace.from_environment(threading.Event(), local=True).scale == 0.01
    assert Pace.from_environment(threading.Event(), local=False).scale == 1.0


def test_replies_that_are_too_large_are_cut_off(lead, monkeypatch):
    monkeypatch.setattr(sender, "_MOST_BYTES", 50_000)
    bomb = Response(gzip.compress(b" " * 10**7), 200, {"Content-Encoding": "gzip"})
    with ProviderServer([Script(bomb)]) as server, lead(server) as client:
        with pytest.raises(PhotoError, match="larger than") as caught:
            client.get_json("api", "/a")
        assert caught.value.code == "too_large"
        assert len(server.trace) == 1
    packed = Response(gzip.compress(b'{"a": 1}'), 200, {"Content-Encoding": "gzip"})
    odd = Response(b"x", 200, {"Content-Encoding": "br"})
    with ProviderServer([Script(odd, packed)]) as server, lead(server) as client:
        assert client.get_json("api", "/a") == {"a": 1}


def test_whoever_waits_can_be_stopped(lead, monkeypatch):
    monkeypatch.setenv("FLANEUR_NET_WAIT_SCALE", "1")
    with ProviderServer([Script(json_response({}, 429, {"Retry-After": "500"}))]) as server, lead(server) as client:
        threading.Timer(0.5, client.stop).start()
        started = time.monotonic()
        with pytest.raises(Unreachable, match="Stopped"):
            client.get_json("api", "/a")
        assert time.monotonic() - started < 120  # not the five hundred seconds


def test_a_connection_that_the_server_closed_meanwhile_does_not_hurt(lead):
    """Kept alive, then closed by the other end without a word."""
    listener = socket.create_server(("127.0.0.1", 0))
    asked = Counter()

    def serve():
        for _ in range(2):
            connection, _address = listener.accept()
            asked[connection.recv(65536).split(b" ")[1]] += 1
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]")
            time.sleep(0.2)
            connection.close()

    thread = threading.Thread(target=serve)
    thread.start()
    here = type("Here", (), {"environment": lambda *_: {"FLANEUR_TOY_API_URL": f"http://127.0.0.1:{port}"}})()
    port = listener.getsockname()[1]
    with listener, lead(here) as client:
        assert client.get_json("api", "/a") == []
        time.sleep(0.5)
        assert client.get_json("api", "/b") == []
        thread.join()
    assert asked == {b"/a": 1, b"/b": 1}


def test_a_connection_that_a_thread_is_just_making_when_the_client_closes_is_closed_too(lead, monkeypatch):
    made, go_on = threading.Event(), threading.Event()
    connect, streams = transport._Backend._kept, []

    def late(backend, stream):
        streams.append(stream)
        made.set()
        go_on.wait(30)
        return connect(backend, stream)

    monkeypatch.setattr(transport._Backend, "_kept", late)
    with ProviderServer([Script(json_response([]))]) as server, ThreadPoolExecutor(1) as crew:
        with lead(server) as client:
            asked = crew.submit(client.get_json, "api", "/a")
            made.wait(30)
        go_on.set()
        with pytest.raises(FlaneurError):
            asked.result()
        (stream,) = streams
        assert stream.get_extra_info("socket").fileno() == -1


def test_without_the_extra_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr("flaneur.net.client.find_spec", lambda name: None if name == "tenacity" else object())
    with (
        pytest.raises(UsageError, match=r"flaneur\[collect\]"),
        open_client("toy", key=None, limits=LIMITS, bases=BASES),
    ):
        pass


def test_a_wait_scale_that_is_none_is_refused(monkeypatch):
    monkeypatch.setenv("FLANEUR_NET_WAIT_SCALE", "quick")
    with pytest.raises(UsageError, match="quick"), open_client("toy", key=None, limits=LIMITS, bases=BASES):
        pass
