"""What a source asks for in; one HTTP request out, with the key where the provider wants it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from flaneur.errors import CredentialsError
from flaneur.net.keys import Secret

if TYPE_CHECKING:
    import httpx2

Params = Mapping[str, str | int | float]
Accept = Literal["json", "image", "any"]
_ACCEPT = {"json": "application/json", "image": "image/*", "any": "*/*"}


@dataclass(frozen=True)
class Reply:
    """What a provider answered.

    Args:
        status: of HTTP.
        headers: by name in lower case.
        content: the whole body, unpacked.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    content: bytes = field(repr=False)

    @cached_property
    def json(self) -> Any:
        """The body as JSON.

        Raises:
            ValueError: it is none.
        """
        return json.loads(self.content)


class Options(TypedDict, total=False):
    """How a request is to be made.

    Args:
        group: which of the source's limits it falls under: ``search`` for JSON, ``image`` for bytes if not given.
        headers: further ones.
        accept: ``image``: anything else is not what was asked for; ``any``: only a page of HTML is not.
        billed: the provider's name for what it bills; the ledger is asked before the request is sent.
        where: another place for the key than :attr:`flaneur.protocols.Key.where`; ``none``: it is not sent.
        retry_if: told each reply that is JSON, parsed; says whether it is a failure that can pass, such as
            ``UNKNOWN_ERROR``.
        final_if: told each whole reply before all else; says whether it is ``Refused`` for good, whatever its status,
            such as a 500 that pleads to be asked for less.
    """

    group: str
    headers: Mapping[str, str]
    accept: Literal["image", "any"]
    billed: str
    where: str
    retry_if: Callable[[Any], bool]
    final_if: Callable[[Reply], bool]


@dataclass(frozen=True)
class Asking:
    """One thing that is wanted of the provider, however many attempts it takes.

    ``where`` is where the key goes; empty: it is not sent.
    """

    method: str
    url: str = field(repr=False)  # a redirect may have put the key into it
    accept: Accept
    group: str
    params: Params = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    form: Mapping[str, Any] | None = None
    where: str = ""
    billed: str = ""
    retry_if: Callable[[Any], bool] | None = None
    final_if: Callable[[Reply], bool] | None = None

    @property
    def shown(self) -> str:
        """The address as it may be shown to people: without its query."""
        return self.url.partition("?")[0]


def build(http: httpx2.Client, asking: Asking, key: Secret | None, signing: Secret | None) -> httpx2.Request:
    """The request as it goes out.

    Args:
        http: what it will be sent with.
        asking: what is wanted.
        key: where ``asking.where`` is not empty, it is put there.
        signing: signs the address that holds the key.
    """
    import httpx2

    headers = {
        "Accept": _ACCEPT[asking.accept],
        "Accept-Encoding": "gzip" if asking.accept == "json" else "identity",
        **asking.headers,
    }
    url = httpx2.URL(asking.url).copy_merge_params({name: str(value) for name, value in asking.params.items()})
    kind, _, rest = asking.where.partition(":")
    if key is not None and kind == "header":
        name, _, prefix = rest.partition(":")
        headers[name] = prefix.replace("{key}", key.reveal()) if "{key}" in prefix else prefix + key.reveal()
    elif key is not None and kind == "query":
        url = url.copy_set_param(rest, key.reveal())
    if key is not None and kind == "query" and signing is not None:
        url = url.copy_set_param("signature", signature(url.raw_path.decode("ascii"), signing.reveal()))
    return http.build_request(asking.method, url, headers=headers, json=asking.body, data=asking.form)


def signature(path_query: str, secret: str) -> str:
    """Google's signature of an address: HMAC-SHA1 by the decoded secret.

    Args:
        path_query: path and query with the key, without scheme and host.
        secret: as Google hands it out: base64 with ``-`` and ``_``.

    Raises:
        CredentialsError: the secret is not base64.

    Source:
        https://developers.google.com/maps/documentation/streetview/digital-signature

    >>> signature("/maps/api/geocode/json?address=New+York&client=clientID", "vNIXE0xscrmjlyV-12Nj_BvUPaw=")
    'chaRF2hTJKOScPr-RQCEhZbSzIE='
    """
    try:
        raw = base64.urlsafe_b64decode(secret)
    except ValueError:
        raw = b""
    if not raw:
        raise CredentialsError(
            "The secret for signing addresses is not base64. Copy it again from the provider's page."
        )
    digest = hmac.new(raw, path_query.encode("ascii"), hashlib.sha1).digest()
    return base64.urlsafe_b64encode(digest).decode("ascii")
