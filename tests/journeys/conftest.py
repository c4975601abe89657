"""For journeys through pages: a server with the bundled model, a browser, and a visitor who notes what goes wrong."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from serving import Served, Visitor, open_browser, serving


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    """The bundled model, on a free port. Read only: who changes models starts a server of its own."""
    with serving() as running:
        yield running


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium. One for all: while Playwright's is there, a thread can neither start another nor run ``asyncio``."""
    with open_browser() as opened:
        yield opened


@pytest.fixture
def visit(browser: Any) -> Iterator[Visitor]:
    """Opens pages; in the end none may have complained, or asked any other host for anything."""
    visitor = Visitor(browser)
    yield visitor
    visitor.close()
