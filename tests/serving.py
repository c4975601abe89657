"""For tests of pages: a real server with any models on any free port, and a browser that notes what it is told."""

from __future__ import annotations

import re
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources
from typing import Any

import pytest

from flaneur.predict import Model, load
from flaneur.serve.engine import Engine
from flaneur.serve.http.settings import ServeSettings
from flaneur.serve.limits import Limits
from flaneur.serve.run import Server, address_of, listen

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
DESK, PHONE = {"width": 1280, "height": 900}, {"width": 360, "height": 740}
PATIENCE_MS = 240_000
"""How long a page may take to show something: far longer than it does, so that a busy machine fails no test."""
PATIENT = Limits(decode_s=200, explain_s=200, body_s=200, drain_s=200)
_OWN = ("blob:", "data:", "about:")


def until(true: Callable[[], object]) -> None:
    """Wait until something is so.

    Raises:
        AssertionError: it has not become so in all the time that there is.
    """
    ends = time.monotonic() + PATIENCE_MS / 1000
    while not true():
        assert time.monotonic() < ends
        time.sleep(0.005)


def expect(found: Any) -> Any:
    """Playwright's ``expect`` of a page or an element: what is said of it must become so, not be so at once.

    Args:
        found: Playwright's page or locator; only once :func:`open_browser` has been called.
    """
    from playwright.sync_api import expect as expect_soon

    return expect_soon(found)


@dataclass(frozen=True)
class Served:
    """A server that runs.

    Args:
        address: such as ``http://127.0.0.1:41234``.
        engine: that answers.
        server: the running server; ``server.app`` is its application.
    """

    address: str
    engine: Engine
    server: Server


@contextmanager
def serving(
    models: Sequence[Model] | None = None, settings: ServeSettings | None = None, games: Sequence[Any] = ()
) -> Iterator[Served]:
    """A server in a thread of its own, ready to answer; ended, with all its processes, on the way out.

    Args:
        models: the bundled one by default.
        settings: any free port of this computer, and :data:`PATIENT` limits, by default.
        games: as of :func:`flaneur.serve.run.serve`.
    """
    settings = settings or ServeSettings(port=0, limits=PATIENT)
    with listen(settings) as listener, Engine(models or [load()], settings.limits) as engine:
        server = Server(engine, settings, games=games)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="served")
        thread.start()
        try:
            engine.wait_ready(PATIENCE_MS / 1000)
            yield Served(address_of(listener), engine, server)
        finally:
            server.should_exit = True
            thread.join()


@contextmanager
def open_browser() -> Iterator[Any]:
    """Chromium, driven by Playwright; the test is skipped where one of them is missing."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="drives the browser; in the dev extra")
    if BROWSER is None:
        pytest.skip("no Chromium on this computer")
    sync_api.expect.set_options(timeout=PATIENCE_MS)
    with sync_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=BROWSER, timeout=PATIENCE_MS)
        yield opened
        opened.close()


class Visitor:
    """Opens pages of one server, and notes what they ask for and complain of.

    Args:
        browser: from :func:`open_browser`.
    """

    def __init__(self, browser: Any) -> None:
        self._browser = browser
        self._contexts: list[Any] = []
        self._origins: set[str] = set()
        self._forgiven: list[str] = []
        self.asked: list[str] = []
        self.complaints: list[str] = []

    def __call__(self, address: str, size: dict[str, int] = DESK, **options: Any) -> Any:
        """Open a page in a fresh window: no cookies, no memory.

        Args:
            address: whole, such as ``served.address + "/batch"``.
            size: of the window.
            options: of Playwright's ``new_context``, such as ``locale="de-DE"``, ``color_scheme="dark"``.

        Returns:
            Playwright's page.
        """
        context = self._browser.new_context(viewport=size, **options)
        context.set_default_timeout(PATIENCE_MS)
        self._contexts.append(context)
        self._origins.add("/".join(address.split("/")[:3]))
        page = context.new_page()
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.asked.append(request.url))
        page.goto(address)
        return page

    def forgive(self, pattern: str) -> None:
        """Complaints that are meant to be, such as the browser's own line on an answer with 415, whenever they come."""
        self._forgiven.append(pattern)

    def close(self) -> None:
        """Close every window.

        Raises:
            AssertionError: a page complained, or asked anybody else for anything; or what was forgiven was not there.
        """
        for context in self._contexts:
            for page in context.pages:
                page.unroute_all(behavior="ignoreErrors")  # what a test holds must not be answered to a closed page
            context.close()
        assert [line for line in self.complaints if not any(re.search(one, line) for one in self._forgiven)] == []
        assert [one for one in self._forgiven if not any(re.search(one, line) for line in self.complaints)] == []
        assert [url for url in self.asked if not (url.startswith(_OWN) or self._is_own(url))] == []

    def _is_own(self, url: str) -> bool:
        return "/".join(url.split("/")[:3]) in self._origins


def barriers(page: Any) -> list[tuple[str, str]]:
    """What axe finds that keeps people out: rule and first element, serious and critical ones."""
    page.evaluate((resources.files("axe_core_python") / "axe.min.js").read_text("utf-8"))
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    return [(one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in ("serious", "critical")]


def is_wider_than_its_window(page: Any) -> bool:
    """Whether one would have to scroll sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth > window.innerWidth"))
