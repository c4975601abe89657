"""The tests' own server: it does what it says, so that what is shown with it is shown."""

import http.client
import json
import socket
import threading
from collections import Counter
from io import BytesIO
from urllib.parse import urlsplit

import pytest
from PIL import Image

from provider.server import ALL, Asked, Faults, ProviderServer, Response, jpeg_response, json_response
from provider.world import World, distance_m

WORLD = World({"aldmoor": (38.0, -40.0), "serein": (0.0, 179.999)}, photos=14, seed=3, panoramas=0.3)


class Photos:
    def handle(self, request: Asked) -> Response | None:
        if request.path == "/echo":
            return json_response([request.method, request.params, request.headers.get("x-a"), request.body.decode()])
        photo = WORLD.by_id.get(request.path.strip("/"))
        return jpeg_response(WORLD.picture(photo)) if photo else None


def ask(server, path, method="GET", body=None, headers=None):
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc)
    connection.connect()
    alarm = threading.Timer(0.5, connection.sock.shutdown, [socket.SHUT_RDWR])
    alarm.start()
    try:
        connection.request(method, path, body, headers or {})
        with connection.getresponse() as reply:  # a reply that breaks off would else keep the socket
            return reply.status, reply.headers, reply.read()
    finally:
        alarm.cancel()
        connection.close()


def test_requests_arrive_whole_and_are_remembered():
    with ProviderServer([Photos()]) as server:
        status, _, data = ask(server, "/echo?key=s3cret&a=1%202", "POST", b"x=1", {"X-A": "b"})
        assert (status, json.loads(data)) == (200, ["POST", {"key": "s3cret", "a": "1 2"}, "b", "x=1"])
        assert ask(server, "/nowhere")[0] == 404
        assert [(one.method, one.path, one.status, one.fault) for one in server.trace] == [
            ("POST", "/echo", 200, ""),
            ("GET", "/nowhere", 404, ""),
        ]
        assert server.delivered == {"/echo?a=1+2 x=1": 1}  # the key is left out
        assert server.environment("mapillary", "graph") == {"FLANEUR_MAPILLARY_GRAPH_URL": server.url}


def test_every_kind_of_fault_happens_and_everything_can_be_had_in_the_end(monkeypatch):
    monkeypatch.setenv("FLANEUR_NET_WAIT_SCALE", "0.01")
    addresses = [f"/{photo.id}" for photo in WORLD.all[:18]]
    seen = Counter()
    with ProviderServer([Photos()], Faults(share=0.75, seed=1)) as server:
        for address in addresses:
            for _ in range(5):
                try:
                    status, headers, data = ask(server, address)
                    good = status == 200 and data[:2] == b"\xff\xd8"
                    seen[status, headers.get("Retry-After", "")[-3:], data[:9]] += 1
                except (OSError, http.client.HTTPException) as error:
                    seen[type(error).__name__] += 1
                    good = False
                if good:
                    break
            assert good, f"{address} not had in 5 attempts"
        assert {one.fault for one in server.trace} == {"", *ALL}
        assert server.delivered == dict.fromkeys(addresses, 1)
        for status, fault in ((500, "status_500"), (503, "status_503"), (429, "status_429_date")):
            assert {one.status for one in server.trace if one.fault == fault} == {status}
    assert seen.keys() >= {
        "ConnectionResetError", "IncompleteRead", (200, "", b"<!DOCTYPE"), (200, "", b""),
        (500, "", b"500 for n"), (503, "2", b"503 for n"), (429, "2", b"429 for n"), (429, "GMT", b"429 for n"),
    }  # fmt: skip


def test_the_draw_does_not_depend_on_who_asks_first():
    draw = Faults(share=0.5, seed=4)
    assert [draw.drawn("/a", n, []) for n in range(20)] == [draw.drawn("/a", n, []) for n in range(20)]
    assert len({draw.drawn("/a", n, []) for n in range(200)}) == len(ALL) + 1
    assert not any(draw.drawn("/a", n, ["reset"] * 4) for n in range(200))
    assert 60 < sum(bool(draw.drawn(f"/{n}", 0, [])) for n in range(200)) < 140


def test_calls_before_retry_after_and_bursts_are_seen():
    with ProviderServer([Photos()], Faults(share=1.0, kinds=("status_429_date",), most_in_a_row=1)) as server:
        assert ask(server, "/echo")[0] == 429
        assert ask(server, "/nowhere")[0] == 429
        assert server.too_early() == []
        assert server.too_early(any_address=True)[0].path == "/nowhere"
        assert ask(server, "/echo")[0] == 200
        assert [one.path for one in server.too_early()] == ["/echo"]
        assert server.most_within(5.0) == 3
        assert server.most_within(5.0, lambda one: one.path == "/echo") == 2
        assert server.most_within(1e-9) == 1


def test_a_server_with_a_rate_says_429_above_it():
    with ProviderServer([Photos()], rate=(2, 30.0)) as server:
        assert [ask(server, "/echo")[0] for _ in range(3)] == [200, 200, 429]
        assert server.trace[-1].fault == "over_rate"


def test_a_server_that_is_gone_is_gone():
    with ProviderServer([Photos()]) as server:
        address = urlsplit(server.url)
    with pytest.raises(OSError, match="refused"):
        socket.create_connection((address.hostname, address.port), timeout=1)


def test_the_world_is_the_same_each_time_and_lies_where_it_says():
    again = World(WORLD.centres, photos=14, seed=3, panoramas=0.3)
    assert again.all == WORLD.all
    assert len(WORLD.all) == len(WORLD.by_id) == 28
    for photo in WORLD.all:
        assert distance_m(photo.lat, photo.lon, *WORLD.centres[photo.city]) <= 2000
        assert photo in WORLD.near(photo.lat, photo.lon, 1)
    assert {photo.lon > 0 for photo in WORLD.all if photo.city == "serein"} == {True, False}  # both sides of 180°
    assert set(WORLD.within(179.9, -1, -179.9, 1)) == {photo for photo in WORLD.all if photo.city == "serein"}
    assert 0 < sum(WORLD.lacks(photo, "compass_angle", 0.5) for photo in WORLD.all) < 28


def test_pictures_can_be_looked_at():
    flat = next(photo for photo in WORLD.all if not photo.is_pano)
    round_ = next(photo for photo in WORLD.all if photo.is_pano)
    sizes = [Image.open(BytesIO(WORLD.picture(photo))).size for photo in (flat, round_)]
    assert sizes == [(160, 120), (320, 160)]
    assert WORLD.looking(flat, 10.0) != WORLD.looking(flat, 100.0)
    assert WORLD.looking(flat, 10.0) == World(WORLD.centres, photos=14, seed=3, panoramas=0.3).looking(flat, 10.0)
