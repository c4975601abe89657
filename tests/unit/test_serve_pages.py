"""The pages that are served: texts in every language, nothing inline, nothing missing, small."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from flaneur.serve.page import pages
from flaneur.serve.page.pages import LANGUAGES, ORDER, read_files, read_site, text_of

FOLDER = Path(pages.__file__).parent
SITE = read_site()
PAGES = [(path, language) for path, languages in SITE.pages.items() for language in languages]
TABLES = {path.stem: json.loads(path.read_text("utf-8")) for path in (FOLDER / "texts").glob("*.json")}
MODULES = {path.name: path.read_text("utf-8") for path in (FOLDER / "static").glob("*.js")}
FRAGMENTS = {path.stem: path.read_text("utf-8") for path in FOLDER.glob("*.html")}
FIRST_LOAD_BYTES = 200_000
SVG = "http://www.w3.org"  # begins the name of its namespace, which nobody asks for
API = {"/openapi.json", "/metrics"}


class _Html(HTMLParser):
    """Every tag of a page, with its attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, {name: value or "" for name, value in attrs}))


def _tags(path: str, language: str) -> list[tuple[str, dict[str, str]]]:
    return _Html(SITE.pages[path][language].decode()).tags


def _variants(text: object) -> list[str]:
    return [text] if isinstance(text, str) else list(text.values())


@pytest.mark.parametrize("name", sorted(TABLES))
def test_every_text_is_in_every_language_and_takes_the_same_values(name):
    for key, languages in TABLES[name].items():
        assert sorted(languages) == sorted(LANGUAGES), key
        values = [{frozenset(re.findall(r"\{(\w+)\}", one)) for one in _variants(text)} for text in languages.values()]
        assert len({frozenset().union(*value) for value in values}) == 1, key
        for text in languages.values():
            assert all(one.strip() == one != "" for one in _variants(text)), key
            assert isinstance(text, str) or set(text) == {"one", "other"}, key


@pytest.mark.parametrize("name", sorted(set(FRAGMENTS) - {"frame"}))
def test_every_text_that_a_page_names_exists(name):
    for key in re.findall(r'data-(?:text|there|label|hint|alt)="([\w.]+)"', FRAGMENTS[name]):
        for language in LANGUAGES:
            assert text_of(key, name, language)


@pytest.mark.parametrize("name", sorted(MODULES))
def test_every_text_that_a_module_asks_for_exists(name):
    known = {key for table in TABLES.values() for key in table}
    asked = re.findall(r'\bt(?:[A-Z]\w*)?\("(\w+)"[,)]|\.put\([^"\n]*?, "(\w+)"[,)]', MODULES[name])
    assert {one or other for one, other in asked} - known == set()


def test_no_text_is_kept_that_nobody_shows():
    said = " ".join([*MODULES.values(), *FRAGMENTS.values()])
    words = set(re.findall(r"[\w.]+", said.replace(".", " "))) | {f"menu_{name}" for name in ORDER}
    made = tuple(re.findall(r"`(?:\w+\.)?(\w+_)\$\{", said))
    unused = [
        f"{name}.{key}"
        for name, table in TABLES.items()
        for key in table
        if key not in words and not key.startswith(made or "\0")
    ]
    assert unused == []


@pytest.mark.parametrize(("path", "language"), PAGES)
def test_a_page_says_everything_before_its_script_runs_and_holds_no_code_itself(path, language):
    text = SITE.pages[path][language].decode()
    assert f'<html lang="{language}"' in text
    assert not re.search(r'data-text="[\w.]+"[^>]*></', text)
    for tag, attributes in _tags(path, language):
        assert "style" not in attributes
        assert not any(name.startswith("on") for name in attributes)
        assert tag not in ("style", "base", "iframe", "object", "embed")
        if tag == "script":
            assert attributes["src"]


@pytest.mark.parametrize(("path", "language"), PAGES)
def test_whatever_a_page_refers_to_is_there_and_here(path, language):
    ids = [attributes["id"] for _, attributes in _tags(path, language) if "id" in attributes]
    assert len(ids) == len(set(ids))
    for _, attributes in _tags(path, language):
        for name in ("src", "href"):
            address = attributes.get(name, "")
            if not address or address.startswith("#"):
                continue
            assert "//" not in address
            assert f"/{address.removeprefix('./')}" in {*SITE.pages, *SITE.assets, *API}


def test_modules_import_only_what_is_there_and_name_no_host():
    for name, text in MODULES.items():
        imported = re.findall(r'from "([^"]+)"', text)
        assert [one for one in imported if one.removeprefix("./") not in MODULES] == [], name
        assert set(re.findall(r"https?://[\w.]+", text)) <= {"http://www.w3.org"}, (
            name
        )  # the name of SVG, not an address
        assert "innerHTML" not in text, name


def test_the_first_page_is_light():
    wanted = [attributes.get("href") or attributes.get("src", "") for _, attributes in _tags("/", "en")]
    files = {f"/{address}" for address in wanted} & set(SITE.assets)
    assert len(files) > 5
    texts = [asset for name, asset in SITE.assets.items() if "/texts/" in name]
    size = len(SITE.pages["/"]["en"]) + sum(len(asset.data) for asset in [*texts, *map(SITE.assets.get, files)])
    assert size <= FIRST_LOAD_BYTES


def test_the_folder_is_named_by_what_is_in_it(monkeypatch):
    folder = next(iter(SITE.assets)).split("/")[2]
    changed = {**read_files(), "land.bits": pages.Asset("application/octet-stream", b"")}
    monkeypatch.setattr(pages, "read_files", lambda: changed)
    assert next(iter(read_site().assets)).split("/")[2] != folder


def test_a_page_that_is_not_offered_is_not_in_the_menu():
    site = read_site(without=["about"])
    assert "/about" not in site.pages
    assert b'href="about"' not in site.pages["/"]["en"]
    assert b'href="./about"' not in site.pages["/"]["en"]


def test_a_text_that_is_missing_is_an_error_at_once():
    with pytest.raises(KeyError, match="photo: no text 'nothing'"):
        text_of("nothing", "photo", "en")


def test_land_is_one_bit_a_cell():
    assert len(read_files()["land.bits"].data) == 720 * 360 // 8
