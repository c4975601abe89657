"""A reply in; the same reply out where it is good, else the error that says what is wrong with it and what to do."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any

from flaneur.errors import CredentialsError
from flaneur.net.problems import NotThere, Passing, Refused
from flaneur.net.redact import scrub
from flaneur.net.request import Asking, Reply

_CAN_PASS = (408, 425, 429)
_PICTURES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF", b"GIF8")  # RIFF: WebP
_MARKUP = re.compile(rb"\s*(?:\xef\xbb\xbf)?<(?:!doctype html|html|head|body)", re.IGNORECASE)
_WORDS = 200  # characters of a provider's own words in a message
_KEPT = 1_000_000
_MESSAGES = (
    "error_message",
    "apiMessage",
    "message",
    "error_description",
    "error",
    "errors",
    "info",
    "detail",
    "status",
)
_DEEPEST = 4  # {"errors": [{"error": {"message": …}}]}


def judged(asking: Asking, reply: Reply, source: str) -> Reply:
    """The reply, if it is what was asked for.

    Args:
        asking: what was wanted.
        reply: whole, not a redirect.
        source: the provider's name, for messages.

    Raises:
        Passing: another attempt makes sense.
        CredentialsError: the key was refused.
        NotThere: there is no such thing.
        Refused: it will never work.
    """
    if asking.final_if is not None and asking.final_if(reply):
        raise _refusal(asking, reply)
    if asking.retry_if is not None and _says_later(reply, asking.retry_if):
        wait_s = retry_after_s(reply.headers)
        words = _own_words(reply) or "it did not say why"
        raise Passing(f"the provider could not answer: {words}", retry_after_s=wait_s, crowded=wait_s is not None)
    if reply.status in _CAN_PASS or reply.status >= 500:
        wait_s = retry_after_s(reply.headers)
        raise Passing(f"HTTP {reply.status}", retry_after_s=wait_s, crowded=wait_s is not None or reply.status == 429)
    if reply.status >= 300:
        raise _final(asking, reply, source)
    odd = _odd(asking, reply)
    if odd:
        raise Passing(odd, odd=True)
    return reply


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """How long a provider wants to be left alone, in seconds; ``None`` where it does not say.

    A date is held against the reply's own ``Date``, so that a wrong clock on this machine does not matter.

    >>> retry_after_s({"retry-after": "120"}), retry_after_s({}), retry_after_s({"retry-after": "soon"})
    (120.0, None, None)
    >>> retry_after_s({"retry-after": "Wed, 21 Oct 2015 07:28:30 GMT", "date": "Wed, 21 Oct 2015 07:28:00 GMT"})
    30.0
    """
    text = headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d{1,9}(\.\d+)?", text):
        return float(text)
    then = _moment(text)
    if then is None:
        return None
    now = _moment(headers.get("date", ""))
    return max(then - (time.time() if now is None else now), 0.0)


def _moment(text: str) -> float | None:
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _says_later(reply: Reply, retry_if: Callable[[Any], bool]) -> bool:
    try:
        parsed = reply.json
    except (ValueError, RecursionError):
        return False
    return retry_if(parsed)


def _odd(asking: Asking, reply: Reply) -> str:
    """What is odd about a reply that calls itself good; nothing, if nothing is."""
    body = reply.content
    if not body and reply.status != 204:
        return "an empty reply"
    if asking.accept != "json" and _MARKUP.match(body):
        return "a page instead of a picture"
    if asking.accept == "json":
        try:
            _ = reply.json
        except (ValueError, RecursionError):
            return "a reply that is not JSON"
    if asking.accept == "image":
        return _odd_picture(reply)
    return ""


def _odd_picture(reply: Reply) -> str:
    body = reply.content
    if not (body.startswith(_PICTURES) or body[4:8] == b"ftyp"):
        return "something that is not a picture"
    # A reply without a length that ends early looks whole to HTTP; a JPEG says itself where it ends.
    open_ended = "content-length" not in reply.headers and reply.headers.get("transfer-encoding", "") != "chunked"
    if open_ended and body.startswith(b"\xff\xd8") and b"\xff\xd9" not in body[-4096:]:
        return "a picture that ends early"
    return ""


def _final(asking: Asking, reply: Reply, source: str) -> Exception:
    said = _said(reply)
    if reply.status in (401, 403) and asking.where:
        return CredentialsError(f"{source} refused the key ({said}). Is it complete, and meant for this service?")
    if reply.status in (404, 410):
        return NotThere(f"{asking.shown}: the provider no longer has it ({said}).")
    return _refusal(asking, reply)


def _refusal(asking: Asking, reply: Reply) -> Refused:
    message = f"{asking.shown}: refused ({_said(reply)})."
    return Refused(message, status=reply.status, content=_clean(reply.content))


def _said(reply: Reply) -> str:
    words = _own_words(reply)
    return f"HTTP {reply.status}" + (f": {words}" if words else "")


def _message(reply: Reply) -> str:
    """What a reply in JSON says to people; nothing where it has no such field."""
    try:
        value = reply.json
    except (ValueError, RecursionError):
        return ""
    for _ in range(_DEEPEST):
        value = value[0] if isinstance(value, list) and value else value
        if not isinstance(value, dict):
            break
        value = next((value[name] for name in _MESSAGES if value.get(name)), "")
    return value if isinstance(value, str) else ""


def _clean(content: bytes) -> bytes:
    return scrub(content[:_KEPT].decode("utf-8", "replace")).encode()


def _own_words(reply: Reply) -> str:
    """What the provider says itself, in one line, without keys and without pages of HTML."""
    if not reply.content or b"\0" in reply.content[:_WORDS] or _MARKUP.match(reply.content):
        return ""
    text = " ".join((_message(reply) or reply.content[: 4 * _WORDS].decode("utf-8", "replace")).split())
    shown = scrub("".join(letter for letter in text if letter.isprintable()))
    return shown if len(shown) <= _WORDS else f"{shown[:_WORDS]}…"
