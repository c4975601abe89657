"""Text in; the same text without keys out. Log records of every library pass through here once a key is in use."""

from __future__ import annotations

import logging
import re
import threading
import traceback
from typing import Any
from urllib.parse import quote, quote_plus

HIDDEN = "***"
_SHORTEST = 6  # characters; to blank shorter ones everywhere would make nonsense of every text
_IN_ADDRESS = re.compile(
    r"\b((?:access_|client_|api_)?(?:token|key|secret)|signature|api_sig|Signature)=[^&\s\"'<>]+", re.IGNORECASE
)
_IN_HEADER = re.compile(r"(authorization['\"]?[:,=]\s*b?['\"]?)[^'\"\r\n]+", re.IGNORECASE)
_OURS = ("flaneur", "httpx2", "httpcore2")

_lock = threading.Lock()
_spellings: list[str] = []


def conceal(secret: str) -> None:
    """From now on no log record of this process holds this text, however it is quoted."""
    with _lock:
        if not _spellings:
            _watch_logs()
        for spelling in {secret, quote(secret), quote(secret, safe=""), quote_plus(secret)}:
            if len(spelling) >= _SHORTEST and spelling not in _spellings:
                _spellings.append(spelling)
        _spellings.sort(key=len, reverse=True)


def scrub(text: str) -> str:
    """The text without known keys, and without what stands where addresses and headers carry keys.

    >>> scrub("GET https://example.org/a?key=Abc-123&size=640x640&signature=x_y=")
    'GET https://example.org/a?key=***&size=640x640&signature=***'
    >>> scrub("Authorization: OAuth MLY|123|abc")
    'Authorization: ***'
    """
    return _IN_HEADER.sub(rf"\g<1>{HIDDEN}", _IN_ADDRESS.sub(rf"\g<1>={HIDDEN}", _without_known(text)))


def _without_known(text: str) -> str:
    for spelling in list(_spellings):
        text = text.replace(spelling, HIDDEN)
    return text


def _watch_logs() -> None:
    # Not a filter: those of a logger see nothing of its children, those of a handler must be put on every handler.
    previous = logging.getLogRecordFactory()

    def clean_record(*args: Any, **keywords: Any) -> logging.LogRecord:
        return _cleaned(previous(*args, **keywords))

    logging.setLogRecordFactory(clean_record)


def _cleaned(record: logging.LogRecord) -> logging.LogRecord:
    clean = scrub if record.name.partition(".")[0] in _OURS else _without_known
    try:
        message = record.getMessage()
    except (TypeError, ValueError, KeyError):
        message = f"{record.msg} {record.args}"
    if clean(message) != message:
        record.msg, record.args = clean(message), None
    if record.exc_info and record.exc_info[0] is not None:
        text = "".join(traceback.format_exception(*record.exc_info)).rstrip("\n")
        if clean(text) != text:
            record.exc_info, record.exc_text = None, clean(text)
    return record
