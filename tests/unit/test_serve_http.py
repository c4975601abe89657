"""What the web application answers, refuses and counts, with an engine of one thread behind it."""

import json
import logging
import re
from dataclasses import replace
from hashlib import sha256
from itertools import islice
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from bundles import CITIES, tiny_bundle
from fake_engine import FakeEngine
from flaneur.errors import UsageError
from flaneur.predict import Model, load
from flaneur.serve.http.app import create_app
from flaneur.serve.http.settings import ServeSettings, is_loopback
from flaneur.serve.limits import Limits
from flaneur.types import Location
from photos import drawn, jpeg

ROOT = Path(__file__).parents[2]
ADDRESS = "http://127.0.0.1:8420"
TOKEN = "a-token-of-some-length"
STREET, OTHER, BROKEN = jpeg(drawn(1)), jpeg(drawn(2)), b"no picture"


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    cities = tuple(replace(city, country="FR", centre=Location(48.0, 2.0)) for city in CITIES)
    return Model(tiny_bundle(tmp_path_factory.mktemp("models") / "tiny", cities))


@pytest.fixture
def engine(model):
    with FakeEngine([model]) as engine:
        yield engine


@pytest.fixture
def client(engine):
    with TestClient(create_app(engine, ServeSettings()), base_url=ADDRESS) as client:
        yield client


def visiting(engine, **settings):
    return TestClient(create_app(engine, ServeSettings(**settings)), base_url=ADDRESS)


def photos(*files):
    return [("photo", (f"{number}.jpg", data)) for number, data in enumerate(files)]


def code_of(answer):
    return answer.json()["error"]["code"]


def test_answers_are_those_of_the_command_line_with_hash_index_and_limits(client, model):
    answer = client.post("/v1/predict", files=photos(STREET, OTHER)).json()
    assert answer["model"]["name"] == model.card.name
    for index, data in enumerate((STREET, OTHER)):
        told = answer["answers"][index]
        expected = model.predict(data).to_dict() | {"photo": f"{index}.jpg"}
        assert {key: told[key] for key in expected} == json.loads(json.dumps(expected))
        assert (told["index"], told["sha256"]) == ([index], [sha256(data).hexdigest()])
        assert told["limits"]["probability"] == model.card.abstain.probability_threshold


def test_views_of_one_place_are_one_answer(client, model):
    answer = client.post("/v1/predict", files=photos(STREET, BROKEN, OTHER), data={"views": "true", "top": "2"}).json()
    fused, failed = answer["answers"]
    assert fused["index"] == [0, 2]
    assert fused["ranking"] == json.loads(json.dumps(model.predict([STREET, OTHER]).to_dict(2)["ranking"]))
    assert (failed["index"], failed["error"]) == ([1], "not_an_image")


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        ([BROKEN], 415, "not_an_image"),
        ([b""], 422, "empty"),
        ([STREET[:200]], 422, "truncated"),
        ([BROKEN, b""], 422, "no_readable_photo"),
    ],
)
def test_a_request_without_a_readable_photo_is_a_problem(client, sent, status, code):
    answer = client.post("/v1/predict", files=photos(*sent))
    assert (answer.status_code, code_of(answer)) == (status, code)
    assert [one["index"] for one in answer.json()["answers"]] == [[index] for index in range(len(sent))]


@pytest.mark.parametrize(
    ("fields", "code", "said"),
    [
        ({"modl": "x"}, "unknown_field", "Did you mean 'model'?"),
        ({"views": "perhaps"}, "wrong_value", "'true' or 'false'"),
        ({"top": "0"}, "wrong_value", "from 1 on"),
        ({"top": "1\x0012"}, "wrong_value", "from 1 on"),
        ({"cities": "atlantis"}, "wrong_value", "atlantis"),
        ({"cities": "Paris"}, "wrong_value", "did you mean 'paris'?"),
        ({"cities": ""}, "wrong_value", "no slug"),
    ],
)
def test_a_field_that_means_nothing_is_refused_with_a_hint(client, fields, code, said):
    answer = client.post("/v1/predict", files=photos(STREET), data=fields)
    assert (answer.status_code, code_of(answer)) == (422, code)
    assert said in answer.json()["error"]["message"]


@pytest.mark.parametrize("path", ["/v1/predict", "/v1/explain", "/v1/models/tiney/cities"])
def test_a_model_that_there_is_not_is_told_alike_everywhere(client, path):
    answer = client.post(path, files=photos(STREET), data={"model": "tiney"})
    assert (answer.status_code, code_of(answer)) == (404, "no_model")
    assert "Did you mean 'tiny'?" in answer.json()["error"]["message"]


def test_a_form_without_a_photo_is_refused(client):
    answer = client.post("/v1/predict", files={"views": (None, "true")})
    assert (answer.status_code, code_of(answer)) == (422, "no_photo")
    assert code_of(client.post("/v1/explain", files=photos(STREET, OTHER))) == "one_photo"


def test_a_map_comes_with_a_picture_to_lay_over_the_photo(client, model):
    slug = model.cities[1].slug
    answer = client.post("/v1/explain", files=photos(STREET), data={"city": slug, "check": "false", "quick": "true"})
    told = answer.json()
    assert (answer.status_code, told["city"], told["photo"]) == (200, slug, "0.jpg")
    assert told["overlay"].startswith("data:image/png;base64,")
    assert told["words"].startswith("Not checked.")
    assert code_of(client.post("/v1/explain", files=photos(STREET), data={"method": "gradcam"})) == "wrong_value"
    assert code_of(client.post("/v1/explain", files=photos(BROKEN))) == "not_an_image"


def test_models_are_listed_with_what_they_know_and_cannot_do(client, model):
    told = client.get("/v1/models").json()
    (one,) = told["models"]
    assert [city["slug"] for city in one["cities"]] == [city.slug for city in model.cities]
    assert "occlusion" in one["methods"]
    assert "gradcam" not in one["methods"]  # it needs the extra train
    assert "What it cannot do" in one["readme"]
    assert told["limits"]["photo_bytes"] == Limits().photo_bytes


@pytest.mark.parametrize(
    ("why", "status", "code"), [("client", 429, "busy"), ("queue", 429, "busy"), ("closing", 503, "closing")]
)
def test_without_room_the_answer_says_when_to_ask_again(client, engine, why, status, code):
    engine.busy = why
    answer = client.post("/v1/predict", files=photos(STREET))
    assert (answer.status_code, code_of(answer), answer.headers["Retry-After"]) == (status, code, "3")


FORM = "multipart/form-data; boundary=x"
PART = b'--x\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'


@pytest.mark.parametrize(
    ("kind", "body", "status", "code"),
    [
        ("application/json", b"{}", 415, "no_form"),
        ("", b"", 415, "no_form"),
        ("multipart/form-data", b"", 400, "bad_form"),
        (f"multipart/form-data; boundary={'y' * 300}", b"", 400, "bad_form"),
        (FORM, b"", 400, "bad_form"),
        (FORM, b"nonsense", 400, "bad_form"),
        (FORM, PART % (b"photo", STREET), 400, "bad_form"),  # ends too early
        (FORM, PART % (b"", b"x") + b"--x--\r\n", 400, "bad_form"),
        (FORM, PART % (b"top", b"\xff") + b"--x--\r\n", 400, "bad_form"),
        (FORM, PART % (b"top", b"1") * 2 + b"--x--\r\n", 400, "bad_form"),
        (FORM, b"--x\r\nContent-Type: text/plain\r\n\r\nx\r\n--x--\r\n", 400, "bad_form"),
    ],
)
def test_a_body_that_is_no_form_is_refused(client, kind, body, status, code):
    answer = client.post("/v1/predict", content=body, headers={"Content-Type": kind})
    assert (answer.status_code, code_of(answer)) == (status, code)


SMALL = Limits(
    request_bytes=200_000, photo_bytes=50_000, request_photos=5, request_fields=2, field_bytes=100, queue_bytes=200_000
)


@pytest.mark.parametrize(
    ("files", "code"),
    [
        (photos(b"x" * 50_001), "too_large"),
        (photos(*[b"x" * 45_000] * 5), "body_too_large"),
        (photos(*[b"x"] * 6), "too_many_parts"),
        ([(f"field{number}", (None, "x")) for number in range(1001)], "too_many_parts"),
        ([("model", (None, "x" * 101))], "field_too_large"),
        ([("", (None, "x" * 190_000))], "bad_form"),
    ],
)
def test_what_is_above_a_limit_is_refused(engine, files, code):
    with visiting(engine, limits=SMALL) as client:
        answer = client.post("/v1/predict", files=files)
        assert (answer.status_code, code_of(answer)) == (400 if code == "bad_form" else 413, code)
        packed = client.post("/v1/predict", content=b"", headers={"Content-Type": FORM, "Content-Encoding": "gzip"})
        assert code_of(packed) == "encoded_body"
        assert client.post("/v1/predict", files=photos(STREET)).status_code == 200


def test_a_body_without_a_length_is_counted_as_it_comes(engine):
    def endless():
        yield PART % (b"photo", b"")
        while True:
            yield b"x" * 10_000

    with visiting(engine, limits=SMALL) as client:
        answer = client.post("/v1/predict", content=islice(endless(), 30), headers={"Content-Type": FORM})
        assert "content-length" not in answer.request.headers
        assert (answer.status_code, code_of(answer)) == (413, "body_too_large")


FOREIGN = [
    {"Host": "evil.example"},
    {"Host": "evil.example:8420"},
    {"Host": "127.0.0.1.evil.example"},
    {"Host": ""},
    {"Host": "evil.example@127.0.0.1"},
    {"Host": "[::1"},
    {"Host": "192.168.1.9"},
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://127.0.0.1:9999"},
    {"Origin": "http://[::1"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"},
    {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"},
]


@pytest.mark.parametrize("heads", FOREIGN, ids=str)
@pytest.mark.parametrize(("method", "path"), [("GET", "/"), ("GET", "/v1/models"), ("POST", "/v1/predict")])
def test_another_page_gets_nothing(client, engine, heads, method, path):
    answer = client.request(method, path, headers=heads, files=photos(STREET) if method == "POST" else None)
    assert answer.status_code == 403
    assert not [name for name in answer.headers if name.startswith("access-control")]
    assert not engine.clients


def test_own_pages_typed_addresses_and_links_are_answered(client):
    for heads in (
        {"Origin": ADDRESS, "Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
        {"Host": "localhost:8420"},
        {"Host": "[::1]:8420"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"},
    ):
        assert client.get("/", headers=heads).status_code == 200, heads


def test_a_link_elsewhere_cannot_ask_the_api(client):
    heads = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    assert client.post("/v1/predict", files=photos(STREET), headers=heads).status_code == 403


def test_an_allowed_page_may_ask_and_no_other(engine):
    with visiting(engine, allow_origins=("https://friend.example",)) as client:
        friend = {"Origin": "https://friend.example", "Sec-Fetch-Site": "cross-site"}
        answer = client.post("/v1/predict", files=photos(STREET), headers=friend)
        assert answer.headers["Access-Control-Allow-Origin"] == "https://friend.example"
        asked = client.options("/v1/predict", headers=friend | {"Access-Control-Request-Method": "POST"})
        assert (asked.status_code, "POST" in asked.headers["Access-Control-Allow-Methods"]) == (204, True)
        foe = client.options("/v1/predict", headers={"Origin": "https://foe.example"})
        assert foe.status_code == 403
        assert "Access-Control-Allow-Origin" not in foe.headers


def test_off_loopback_nothing_but_health_and_the_page_is_told_without_the_token(engine):
    with visiting(engine, host="0.0.0.0", token=TOKEN) as client:
        for path in ("/v1/models", "/metrics", "/openapi.json"):
            for heads in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {TOKEN}"}):
                answer = client.get(path, headers=heads)
                assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
            assert client.get(path, headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200
        assert {client.get(path).status_code for path in ("/healthz", "/readyz", "/")} == {200}
        assert client.get("/healthz", headers={"Host": "192.168.1.9:8420"}).status_code == 200
        assert client.get("/healthz", headers={"Host": "evil.example"}).status_code == 403


@pytest.mark.parametrize(
    "settings",
    [
        {"host": "0.0.0.0"},
        {"host": "::"},
        {"host": "example.org"},
        {"token": "short"},
        {"token": "with blanks in between it"},
        {"allow_origins": ("example.org",)},
        {"allow_origins": ("*",)},
    ],
)
def test_unsafe_settings_are_refused(settings):
    with pytest.raises(UsageError):
        ServeSettings(**settings)
    assert TOKEN not in repr(ServeSettings(token=TOKEN))
    assert is_loopback("127.0.0.2")


def test_every_answer_carries_the_heads_that_keep_a_browser_safe(client):
    for answer in (client.get("/"), client.get("/nothing"), client.get("/", headers={"Host": "evil.example"})):
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy
        assert "unsafe" not in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"


def test_files_of_the_page_may_be_kept_and_pages_are_asked_for_again(client):
    page = client.get("/", headers={"Accept-Language": "de"})
    assert (page.headers["Content-Language"], page.headers["Cache-Control"]) == ("de", "no-cache")
    file = re.search(r'href="(static/[^"]+)"', page.text).group(1)
    assert "immutable" in client.get(f"/{file}").headers["Cache-Control"]


def test_readiness_tells_of_loading_and_ending(client, engine):
    assert client.get("/readyz").status_code == 200
    engine.ready = False
    assert (client.get("/readyz").status_code, client.get("/healthz").status_code) == (503, 200)
    engine.ready, client.app.state.draining = True, True
    answer = client.get("/readyz")
    assert (answer.status_code, answer.headers["Connection"], code_of(answer)) == (503, "close", "draining")


def test_probes_are_answered_however_much_is_under_way(client):
    client.app.state.metrics.admitted = 10_000
    busy = client.get("/v1/models")
    assert (busy.status_code, code_of(busy), busy.headers["Retry-After"]) == (503, "too_many_requests", "1")
    assert {client.get("/healthz").status_code, client.get("/readyz").status_code} == {200}


def totals(client):
    text = client.get("/metrics").text
    return {
        tuple(re.findall(r'"([^"]*)"', labels)): int(float(value))
        for labels, value in re.findall(r"^flaneur_requests_total\{(.*)\} (\S+)$", text, flags=re.MULTILINE)
    }, [line for line in text.splitlines() if not line.startswith("#")]


def test_counters_are_what_callers_saw(client):
    ledger = {}
    for number in range(60):
        method, path, told = [
            ("GET", "/v1/models", "/v1/models"), ("GET", "/healthz", "/healthz"), ("GET", f"/{number}", "other"),
            ("POST", "/v1/predict", "/v1/predict"), ("PUT", "/v1/predict", "/v1/predict"), ("GET", "/", "page"),
        ][number % 6]  # fmt: skip
        sent = photos(STREET if number % 2 else BROKEN) if method == "POST" else None
        answer = client.request(method, path, files=sent)
        key = (method if method in ("GET", "POST") else "other", told, str(answer.status_code))
        ledger[key] = ledger.get(key, 0) + 1
    counted, series = totals(client)
    assert counted == ledger
    assert len(series) < 500


def test_a_bug_is_told_without_its_words_and_does_not_end_the_server(client, engine, caplog):
    def broken(*_):
        raise RuntimeError("secret street")

    engine.predict = broken
    with caplog.at_level(logging.INFO):
        answer = client.post("/v1/predict", files=photos(STREET))
    assert (answer.status_code, code_of(answer)) == (500, "bug")
    assert "secret" not in answer.text + "".join(record.getMessage() for record in caplog.records)
    assert client.get("/healthz").status_code == 200


def test_names_positions_and_bytes_of_photos_are_in_no_log(client, caplog):
    told = jpeg(drawn(3), lat=38.7223, lon=-9.1393)
    with caplog.at_level(logging.DEBUG):
        answer = client.post("/v1/predict", files=[("photo", ("lisbon-at-home.jpg", told))])
        client.post("/v1/predict", files=[("photo", ("lisbon-at-home.jpg", BROKEN))], data={"modl": "x"})
    logged = " ".join(record.getMessage() for record in caplog.records)
    assert answer.json()["answers"][0]["gps_in_file"]["lat"] == pytest.approx(38.7223, abs=1e-4)
    assert not re.search(r"lisbon|38\.7|9\.13", logged)


def test_places_and_telling_names_in_a_file_change_nothing(client):
    image = drawn(4)
    answers = [
        client.post("/v1/predict", files=[("photo", (name, jpeg(image, **gps)))]).json()["answers"][0]
        for name, gps in [("a.jpg", {}), ("tokyo.jpg", {"lat": 35.68, "lon": 139.7}), ("x.jpg", {"lat": -3, "lon": 1})]
    ]
    assert len({json.dumps(answer["ranking"]) for answer in answers}) == 1
    assert len({answer["novelty"] for answer in answers}) == 1


def test_the_description_for_programs_names_every_route_and_problem(client):
    described = client.get("/openapi.json").json()
    predict = described["paths"]["/v1/predict"]["post"]
    assert {"200", "400", "401", "403", "408", "413", "415", "422", "429", "503"} <= set(predict["responses"])
    form = predict["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert form["required"] == ["photo"]
    for path, ways in described["paths"].items():
        for way in ways.values():
            assert {"401", "403", "503"} <= set(way["responses"]), path
            assert set(way["responses"]["503"]["content"]) == {"application/json"}
    assert {"/v1/models", "/v1/explain", "/healthz", "/readyz", "/metrics"} <= set(described["paths"])


def test_the_bundled_model_answers_through_http_as_it_does_alone():
    base = load()
    data = next(iter(base.bundle.golden.pictures.values()))
    with FakeEngine([base]) as engine, visiting(engine) as client:
        told = client.post("/v1/predict", files=[("photo", ("p.png", data))]).json()["answers"][0]
    assert told["ranking"] == json.loads(json.dumps(base.predict(data).to_dict()["ranking"]))


def test_every_code_of_a_problem_and_every_metric_is_described(client):
    described = (ROOT / "docs" / "reference" / "http.md").read_text("utf-8")
    told = set(re.findall(r"`([a-z_]+)`", described))
    source = "".join(path.read_text("utf-8") for path in (ROOT / "src" / "flaneur" / "serve").rglob("*.py"))
    raised = set(re.findall(r'Problem\(\s*\d+,\s*"([a-z_]+)"', source))
    assert "busy" in raised
    assert raised <= told, raised - told
    metrics = set(re.findall(r"^# TYPE (flaneur_\w+)", client.get("/metrics").text, flags=re.MULTILINE))
    assert metrics <= told, metrics - told
