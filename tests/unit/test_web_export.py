"""A model as a web page: what is written, what it asks of a host, and what is refused."""

from __future__ import annotations

import io
import json
import re
import shutil
import tarfile
from dataclasses import replace

import pytest
from click.testing import CliRunner

from bundles import SPEC, tiny_bundle
from flaneur.cli.main import run
from flaneur.cli.models import export
from flaneur.errors import InputError, IntegrityError, UsageError
from flaneur.files import sha256_bytes
from flaneur.predict import Model
from flaneur.serve.page.pages import read_texts
from flaneur.web_export import runtime as runtime_files
from flaneur.web_export.folder import export_web
from flaneur.web_export.page import POLICY, _needed
from flaneur.web_export.runtime import SCRIPT, WASM, read_runtime
from web_pages import NO_RUNTIME, exported


@pytest.fixture
def bundle(tmp_path):
    return tiny_bundle(tmp_path / "model")


@pytest.fixture
def page(bundle, tmp_path):
    return exported(bundle, tmp_path / "page").folder


@pytest.fixture
def known(monkeypatch):
    """A runtime of a few bytes that counts as the real one."""
    monkeypatch.setattr(runtime_files, "SHA256", {name: sha256_bytes(data) for name, data in NO_RUNTIME.items()})
    return NO_RUNTIME


def packed(path, files):
    with tarfile.open(path, "w:gz") as archive:
        for name, data in files.items():
            entry = tarfile.TarInfo(f"package/dist/{name}")
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return path


def texts_of(folder):
    return [path for path in folder.rglob("*") if path.suffix in (".html", ".js", ".css", ".json")]


def test_the_page_holds_the_very_model_and_says_what_a_visitor_loads(bundle, tmp_path):
    made = exported(bundle, tmp_path / "page")
    told = json.loads(next(made.folder.glob("static/*/local/model.json")).read_bytes())
    assert (made.folder / told["file"]).read_bytes() == bundle.model
    assert told["bytes"] == len(bundle.model)
    assert told["temperature"] == bundle.card.temperature
    assert [city["slug"] for city in told["cities"]] == [city.slug for city in bundle.card.cities]
    files = [path for path in made.folder.rglob("*") if path.is_file()]
    assert (made.files, made.folder_bytes) == (len(files), sum(path.stat().st_size for path in files))
    assert len(bundle.model) < made.visitor_bytes <= made.folder_bytes
    assert made.packed_bytes < made.visitor_bytes


def test_every_address_is_relative_and_there(page):
    for path in texts_of(page):
        text = path.read_text("utf-8")
        addresses = re.findall(r"""(?:src|href)="([^"#]+)|from "([^"]+)"|url\(([^)]+)\)""", text)
        for address in filter(None, (one for found in addresses for one in found)):
            if "$" in address or address.startswith("data:"):
                continue
            assert not re.match(r"/|\w+:", address), f"{path.name}: {address}"
            target = (path.parent / address).resolve()
            assert target.is_relative_to(page.resolve())
            assert target.is_file() or (target / "index.html").is_file(), f"{path.name}: {address}"


def test_nothing_of_the_server_is_left(page):
    html = (page / "index.html").read_text("utf-8") + (page / "about.html").read_text("utf-8")
    assert html.count(POLICY) == 2
    assert "unsafe-inline" not in html
    assert "style=" not in html
    assert "openapi" not in html
    assert "data-there" not in html
    assert "computer" not in (page / "index.html").read_text("utf-8").lower()
    assert not list(page.glob("static/*/batch*"))
    assert not list(page.glob("static/*/zip.js"))
    assert not list(page.glob("static/*/texts/play*"))


def test_texts_stand_in_every_language_and_instead_of_ones_that_are_there(page):
    folder = next(page.glob("static/*/texts"))
    own = json.loads((folder / "local.json").read_bytes())
    assert all(set(text) == {"en", "de"} for text in own.values())
    for name in ("common", "photo", "about"):
        before, after = read_texts(name), json.loads((folder / f"{name}.json").read_bytes())
        assert before.keys() == after.keys()
        assert any(before[key] != after[key] for key in before)
        assert all(after[key].keys() == before[key].keys() for key in before)
        assert "$" not in json.dumps(after)


def test_what_a_button_imports_travels_along(page):
    assert {path.stem for path in page.glob("static/*/save_*.js")} >= {
        "save_facts",
        "save_picture",
        "save_json",
        "save_page",
    }


@pytest.mark.parametrize("call", [b"import(`./save_${kind}.js`)", b'import("./gone.js")'])
def test_a_page_that_would_lack_a_module_is_not_written(call):
    with pytest.raises(IntegrityError, match="imports"):
        _needed({"photo.js": call}, ["photo.js"])


def test_licences_travel_along(page):
    notice = (page / "NOTICE.txt").read_text("utf-8")
    assert "CC0-1.0" in notice
    for name in re.findall(r"licences/[\w.-]+\w", notice):
        assert (page / name).stat().st_size > 500
    assert "Permission is hereby granted" in (page / "licences/onnxruntime-LICENSE").read_text("utf-8")


def test_two_exports_are_the_same(bundle, page, tmp_path):
    again = exported(bundle, tmp_path / "again").folder
    files = [
        {path.relative_to(one): path.read_bytes() for path in one.rglob("*") if path.is_file()} for one in (page, again)
    ]
    assert files[0] == files[1]


def test_only_a_page_of_ours_is_replaced(bundle, page, tmp_path):
    with pytest.raises(UsageError, match="--replace"):
        exported(bundle, page)
    (page / "left.txt").write_text("over")
    export_web(Model(bundle), NO_RUNTIME, page, replace=True)
    assert not (page / "left.txt").exists()
    other = tmp_path / "other"
    other.mkdir()
    (other / "index.html").write_text("mine")
    with pytest.raises(UsageError, match="another folder"):
        export_web(Model(bundle), NO_RUNTIME, other, replace=True)
    assert (other / "index.html").read_text() == "mine"


def test_a_model_that_the_page_cannot_prepare_photos_for_is_refused(bundle, tmp_path):
    odd = replace(bundle, card=replace(bundle.card, preprocess=replace(SPEC, interpolation="lanczos")))
    with pytest.raises(UsageError, match="lanczos"):
        export_web(Model(odd), NO_RUNTIME, tmp_path / "page")
    assert not (tmp_path / "page").exists()


@pytest.mark.parametrize("below", ["", "dist", "package/dist"])
def test_the_runtime_is_found_in_a_folder(known, tmp_path, below):
    place = tmp_path / below
    place.mkdir(parents=True, exist_ok=True)
    for name, data in known.items():
        (place / name).write_bytes(data)
    assert read_runtime(tmp_path) == known


def test_the_runtime_is_read_from_an_archive(known, tmp_path):
    assert read_runtime(packed(tmp_path / "ort.tgz", known)) == known


def test_another_runtime_is_refused(known, tmp_path):
    with pytest.raises(IntegrityError, match=r"not that of onnxruntime-web 1\.18\.0"):
        read_runtime(packed(tmp_path / "a.tgz", known | {WASM: b"other"}))
    with pytest.raises(InputError, match=f"holds no {re.escape(SCRIPT)}"):
        read_runtime(packed(tmp_path / "b.tgz", {WASM: known[WASM]}))
    (tmp_path / "c.tgz").write_bytes(b"no archive")
    with pytest.raises(InputError, match=r"c\.tgz: not a package of npm\. Get it with 'npm pack [^\n]*$"):
        read_runtime(tmp_path / "c.tgz")
    with pytest.raises(InputError, match=r"d\.tgz: cannot be read \(No such file or directory\)"):
        read_runtime(tmp_path / "d.tgz")


def test_npm_brings_the_runtime(known, tmp_path, monkeypatch):
    tool = tmp_path / "bin" / "npm"
    tool.parent.mkdir()
    packed(tmp_path / "ort.tgz", known)
    copy = f'[ "$1 $2 $3" = "pack onnxruntime-web@1.18.0 --pack-destination" ] && /bin/cp {tmp_path}/ort.tgz "$4"\n'
    tool.write_text(f"#!/bin/sh\n{copy}")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tool.parent))
    assert read_runtime(None) == known
    tool.write_text("#!/bin/sh\necho 'npm error network' >&2\nexit 1\n")
    with pytest.raises(InputError, match=r"npm error network.*--runtime"):
        read_runtime(None)


def test_without_npm_one_line_says_what_to_do(bundle, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(shutil, "which", lambda _: None)
    assert run(["export", str(tmp_path / "model"), "--web", str(tmp_path / "page")]) == 3
    said = capsys.readouterr().err.strip()
    assert said.count("\n") == 0
    assert "npm pack onnxruntime-web@1.18.0" in said
    assert not (tmp_path / "page").exists()


def test_the_command_writes_a_page(bundle, known, tmp_path):
    packed(tmp_path / "ort.tgz", known)
    words = [str(tmp_path / "model"), "--web", str(tmp_path / "page"), "--runtime", str(tmp_path / "ort.tgz")]
    done = CliRunner().invoke(export, words)
    assert done.exit_code == 0, done.output
    assert "A visitor loads" in done.output
    assert (tmp_path / "page" / "index.html").is_file()


@pytest.mark.parametrize(
    "words",
    [[], ["-o", "a.onnx", "--web", "b"], ["-o", "a.onnx", "--runtime", "."]],
    ids=["neither", "both", "runtime"],
)
def test_what_is_to_be_written_must_be_clear(bundle, tmp_path, words, capsys):
    assert run(["export", str(tmp_path / "model"), *words]) == 2
    assert "--web" in capsys.readouterr().err
