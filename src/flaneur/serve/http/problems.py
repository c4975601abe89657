"""What went wrong in; an answer with a status, a stable code and one line that says what to do, out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.responses import JSONResponse

from flaneur.errors import FlaneurError, PhotoError
from flaneur.explain.target import FirstChoiceError
from flaneur.serve.engine.ticket import Busy

PHOTO_STATUS = {"not_an_image": 415, "unsupported_format": 415, "too_large": 413}
"""Status of a request whose only photos failed, by the photo's error code; 422 for every other."""


class Problem(Exception):  # noqa: N818 - it is an answer, and not always somebody's error
    """A request that is not answered as asked.

    Args:
        status: of HTTP, 400 to 599.
        code: stable, for machines; docs/reference/http.md lists them.
        message: one line for people: what is wrong, and what to do.
        retry_after_s: when to try again, in whole seconds.
        details: further values beside code and message, for a page that says it in another language.

    >>> Problem(429, "busy", "Try again.", retry_after_s=2).headers
    {'Retry-After': '2'}
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        retry_after_s: int | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.retry_after_s = status, code, message, retry_after_s
        self.details = dict(details or {})

    @property
    def headers(self) -> dict[str, str]:
        """What the answer's head says beside."""
        return {} if self.retry_after_s is None else {"Retry-After": str(max(1, self.retry_after_s))}

    def body(self) -> dict[str, Any]:
        """The answer's JSON values."""
        return {"error": {"code": self.code, "message": self.message, **self.details}}

    def response(self, headers: Mapping[str, str] | None = None) -> JSONResponse:
        """The answer.

        Args:
            headers: further ones.
        """
        return JSONResponse(self.body(), self.status, headers={**self.headers, **(headers or {})})


def of_photo(error: PhotoError) -> Problem:
    """The problem of a request none of whose photos could be read.

    >>> of_photo(PhotoError("not_an_image", "this photo: this is not a picture.")).status
    415
    """
    return Problem(PHOTO_STATUS.get(error.code, 422), error.code, one_line(str(error)))


def of_busy(error: Busy) -> Problem:
    """The problem of a request that there is no room for: 503 where the server is about to end, else 429.

    >>> of_busy(Busy("queue", 2)).status, of_busy(Busy("closing", 5)).headers
    (429, {'Retry-After': '5'})
    """
    status, code = (503, "closing") if error.why == "closing" else (429, "busy")
    return Problem(status, code, one_line(str(error)), error.retry_after_s)


def of_call(error: FlaneurError) -> Problem:
    """The problem of a city, method or setting that there is not."""
    code = error.code if isinstance(error, FirstChoiceError) else "wrong_value"
    return Problem(422, code, one_line(str(error)))


def one_line(text: str) -> str:
    r"""Text without line breaks and control characters: much of it is a caller's own words.

    >>> one_line("a\nb\x1b")
    'a b?'
    """
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else "?" for letter in " ".join(text.splitlines()))
