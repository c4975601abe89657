"""Composed pages and files in; the routes that answer with them out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from flaneur.serve.page.pages import Asset, Site, language_of

Endpoint: TypeAlias = Callable[[Request], Awaitable[Response]]

SITE = "flaneur.site"
"""Key of a request's scope: how a request for the page or one of its files is counted."""

_FOR_EVER = "public, max-age=31536000, immutable"  # the address of a file holds the hash of all of them


def site_routes(site: Site) -> list[BaseRoute]:
    """One route for each page and each file.

    Args:
        site: from :func:`flaneur.serve.page.pages.read_site`.
    """
    pages = [Route(path, _page(languages), name=path) for path, languages in site.pages.items()]
    files = [Route(path, _file(asset), name="static") for path, asset in site.assets.items()]
    return [*pages, *files]


def _page(languages: Mapping[str, bytes]) -> Endpoint:
    async def answer(request: Request) -> Response:
        request.scope[SITE] = "page"
        language = language_of(request.headers.get("accept-language", ""), request.cookies.get("language", ""))
        return Response(
            languages[language],
            media_type="text/html; charset=utf-8",
            headers={"Content-Language": language, "Vary": "Accept-Language, Cookie", "Cache-Control": "no-cache"},
        )

    return answer


def _file(asset: Asset) -> Endpoint:
    async def answer(request: Request) -> Response:
        request.scope[SITE] = "static"
        return Response(asset.data, media_type=asset.media_type, headers={"Cache-Control": _FOR_EVER})

    return answer
