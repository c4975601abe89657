"""Keys: found where they may lie, and seen nowhere: in no log, error, traceback with locals, file or process list."""

import copy
import io
import json
import logging
import subprocess
import sys
import traceback
from pathlib import Path
from types import ModuleType

import pytest

from flaneur.errors import CredentialsError, FlaneurError
from flaneur.net import key_from, open_client, redact, scrub
from flaneur.net.keys import Secret, find_key
from flaneur.protocols import Key, Limit
from provider.server import Faults, ProviderServer, Response, json_response

KEY = Key("TOY_KEY", "header:Authorization:OAuth ", "https://toy.example/keys", secret_variable="TOY_SECRET")
LIMITS = {"search": Limit(1000, 1.0), "image": Limit(1000, 1.0)}
BASES = {"api": "https://toy.example"}
# Written in two parts, so that the tests' own source, which a traceback quotes, does not hold them whole.
CANARY = "MLY|canary" + "+4/7d1e=f&x"
SIGNING = "c2VjcmV0LWNhbmFy" + "eS1zaWduaW5n"
SPELT = (CANARY, "MLY%7Ccanary", "canary+4", "canary%2B4", SIGNING)


@pytest.fixture
def home(monkeypatch, tmp_path):
    monkeypatch.setenv("FLANEUR_HOME", str(tmp_path))
    monkeypatch.setenv("FLANEUR_NET_WAIT_SCALE", "0.001")
    for name in ("TOY_KEY", "TOY_SECRET"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setitem(sys.modules, "keyring", None)
    return tmp_path


@pytest.fixture
def no_traces(monkeypatch):
    """Leave the logging of this process as it was."""
    factory = logging.getLogRecordFactory()
    monkeypatch.setattr(redact, "_spellings", [])
    yield
    logging.setLogRecordFactory(factory)


def write_keys(home, text, mode=0o600):
    (home / "keys.toml").write_text(text)
    (home / "keys.toml").chmod(mode)


def test_a_missing_key_says_where_to_get_and_where_to_put_it(home):
    with pytest.raises(CredentialsError) as caught:
        find_key("toy", KEY)
    for part in ("https://toy.example/keys", "TOY_KEY", "keys.toml", 'toy_key = "', "keyring set flaneur toy_key"):
        assert part in str(caught.value)
    assert find_key("toy", Key("TOY_KEY", "query:key", "x", needed=False)) is None
    assert find_key("toy", None) is None
    assert key_from("TOY_KEY") == ""


def test_environment_before_file_before_keyring(home, monkeypatch):
    keyring, errors = ModuleType("keyring"), ModuleType("keyring.errors")
    errors.KeyringError = type("KeyringError", (Exception,), {})
    kept = {("flaneur", "toy_key"): "from-keyring"}
    keyring.get_password = lambda service, name: kept.get((service, name))
    monkeypatch.setitem(sys.modules, "keyring", keyring)
    monkeypatch.setitem(sys.modules, "keyring.errors", errors)
    assert (find_key("toy", KEY).reveal(), key_from("TOY_KEY")) == ("from-keyring", "keyring")
    write_keys(home, 'toy_key = "from-file"\n')
    assert (find_key("toy", KEY).reveal(), key_from("TOY_KEY")) == ("from-file", "keys.toml")
    monkeypatch.setenv("TOY_KEY", " from-environment\n")
    assert (find_key("toy", KEY).reveal(), key_from("TOY_KEY")) == ("from-environment", "environment")

    def broken(service, name):
        raise errors.KeyringError("locked")

    keyring.get_password = broken
    assert key_from("OTHER_KEY") == ""


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
def test_a_file_that_others_can_read_is_refused_with_the_remedy(home, mode):
    write_keys(home, 'toy_key = "abcdefgh"\n', mode)
    with pytest.raises(CredentialsError, match=r"chmod 600 .*keys\.toml"):
        find_key("toy", KEY)


def test_a_file_that_is_no_toml_is_refused_without_quoting_it(home):
    write_keys(home, f"toy_key = {CANARY}\n")
    with pytest.raises(CredentialsError, match=r'keys\.toml: not readable.*toy_key = "') as caught:
        find_key("toy", KEY)
    assert_silent("".join(traceback.format_exception(caught.value)))


@pytest.mark.parametrize("text", ["two words", "tab\tkey", "schlüssel"])
def test_what_cannot_be_a_key_is_refused_without_quoting_it(home, monkeypatch, text):
    monkeypatch.setenv("TOY_KEY", text)
    with pytest.raises(CredentialsError, match=r"TOY_KEY \(environment\) cannot be a key") as caught:
        find_key("toy", KEY)
    assert text not in str(caught.value)


def test_a_secret_shows_itself_only_when_asked(home, no_traces):
    secret = Secret("abcdefgh")
    assert f"{secret} {secret!r} {[secret]}".count("abcdefgh") == 0
    with pytest.raises(TypeError):
        copy.deepcopy(secret)  # as pickling would


def test_texts_are_scrubbed_of_known_keys_in_every_spelling(home, no_traces):
    Secret(CANARY)
    Secret("x")  # too short to look for: every x would become stars
    told = f"a {CANARY} b MLY%7Ccanary%2B4%2F7d1e%3Df%26x c MLY%7Ccanary%2B4/7d1e%3Df%26x example"
    assert_silent(scrub(told))
    assert scrub(told).endswith("example")


def test_logs_of_any_library_hold_no_key(home, no_traces, caplog):
    Secret(CANARY)
    caplog.set_level(logging.DEBUG)
    stranger = logging.getLogger("some.library")
    stranger.warning("sent %s to %s", CANARY, "there")
    stranger.warning("sent key=visible")  # not ours to touch
    logging.getLogger("httpx2").warning("GET /?key=gone")
    try:
        raise ValueError(CANARY)
    except ValueError:
        stranger.exception("failed")
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    for record in caplog.records:
        handler.emit(record)
    assert_silent(stream.getvalue())
    assert_silent(caplog.text)
    assert "sent *** to there" in caplog.text
    assert "key=visible" in caplog.text
    assert "gone" not in caplog.text
    assert "ValueError: ***" in caplog.text


class Talkative:
    """A provider that repeats what it was told, and fails in every way."""

    def handle(self, request):
        told = request.headers.get("authorization", "") or request.raw
        name = request.path.strip("/")
        if name.isdigit():
            return json_response({"message": f"bad key {told}", "url": request.raw}, int(name), {"X-Told": told})
        if name == "away":
            return Response(b"", 302, {"Location": f"http://10.0.0.1/?access_token={told}"})
        if name == "home":
            return Response(b"", 302, {"Location": f"/401?access_token={told}"})
        if name == "page":
            return Response(f"<html>{told}".encode(), 200, {"Content-Type": "text/html"})
        return json_response({"told": told})


@pytest.mark.parametrize("where", ["header:Authorization:OAuth ", "header:Authorization:OAuth {key}", "query:key"])
def test_the_canary_is_seen_nowhere(home, no_traces, monkeypatch, caplog, where):
    key = Key("TOY_KEY", where, "https://toy.example", secret_variable="TOY_SECRET")
    caplog.set_level(logging.DEBUG)
    seen = []
    write_keys(home, f'toy_key = "{CANARY}"\ntoy_secret = "{SIGNING}"\n')
    faults = Faults(share=0.3, kinds=("reset", "short_body", "status_500", "html_200"))
    with ProviderServer([Talkative()], faults) as server:
        monkeypatch.setenv("FLANEUR_TOY_API_URL", server.url)
        with open_client("toy", key=key, limits=LIMITS, bases=BASES) as client:
            for path in ("400", "401", "403", "404", "429", "500", "502", "away", "home", "page", "fine"):
                for ask in (client.get_json, client.get_bytes):
                    seen.append(told_by(ask, "api", f"/{path}"))
            seen.append(told_by(client.get_json, "api", "/x", headers={"Bad": "line\nbreak"}))
            seen.append(repr(vars(client)))
        assert sum(
            CANARY in one.headers.get("authorization", "") or CANARY in one.params.values() for one in server.trace
        )
    with open_client("toy", key=key, limits=LIMITS, bases=BASES) as client:
        seen.append(told_by(client.get_json, "api", "/gone"))
    assert len(caplog.records) > 100
    assert_silent(caplog.text)
    assert_silent("\n".join(seen))
    for file in home.rglob("*"):
        if file.is_file() and file.name != "keys.toml":
            assert_silent(file.read_bytes().decode("latin-1"))


def told_by(ask, *arguments, **keywords):
    """All that an error can tell: its text, its traceback with everything that lay on the stack, what is behind it."""
    try:
        reply = ask(*arguments, **keywords)
    except (FlaneurError, ValueError) as error:
        told = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
        return f"{told} {error.args} {vars(error)} {error.__context__!r} {error.__cause__!r}"
    return repr(reply) if not isinstance(reply, dict) else ""


def assert_silent(text):
    for spelling in SPELT:
        assert spelling not in text, f"the key is in: …{text[max(0, text.index(spelling) - 300) :][:600]}…"


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="needs /proc")
def test_no_process_list_shows_a_key(home):
    write_keys(home, f'toy_key = "{CANARY}"\n')
    code = (
        "from pathlib import Path; import json\n"
        "from flaneur.net.keys import find_key\n"
        "from flaneur.protocols import Key\n"
        "found = find_key('toy', Key('TOY_KEY', 'query:key', 'x'))\n"
        "lists = [path.read_bytes().decode('latin-1') for path in Path('/proc/self').glob('task/*/c*m*')]\n"
        "print(json.dumps([len(found.reveal()), *lists]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)[0] == len(CANARY)
    assert_silent(done.stdout + done.stderr)
