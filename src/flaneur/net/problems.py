"""Nothing in; what can go wrong between flaneur and a provider out. No message holds a key."""

from __future__ import annotations

from flaneur.errors import InputError, PhotoError


class Unreachable(InputError):  # noqa: N818 - named by what the provider did
    """The provider could not be asked now: it failed too often, or wants to be left alone for long. Later it may go.

    Attributes:
        reason: what went wrong last, in a few words without an address; empty where the message is all there is.
    """

    def __init__(self, message: str, reason: str = "") -> None:
        super().__init__(message)
        self.reason = reason


class NotThere(PhotoError):  # noqa: N818 - named by what the provider did
    """404 or 410: there is no such thing at the provider. Its code is ``not_found``."""

    def __init__(self, message: str) -> None:
        super().__init__("not_found", message)


class Refused(PhotoError):  # noqa: N818 - named by what the provider did
    """The provider will not answer this request however often it is asked; its code is ``refused``.

    Attributes:
        status: of HTTP.
        content: the reply's body as UTF-8 without keys, at most a megabyte of it.
    """

    def __init__(self, message: str, *, status: int = 0, content: bytes = b"") -> None:
        super().__init__("refused", message)
        self.status = status
        self.content = content


class Passing(Exception):  # noqa: N818 - named by what the provider did
    """What can pass, so that another attempt makes sense; never leaves ``flaneur.net``.

    Attributes:
        reason: for people, such as ``HTTP 503``.
        retry_after_s: what the provider asked for; ``None`` where it asked for nothing.
        crowded: whether it means "too many requests", so that the whole group is to wait.
        odd: whether the reply looked whole, only was not what was asked for.
    """

    def __init__(
        self, reason: str, *, retry_after_s: float | None = None, crowded: bool = False, odd: bool = False
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after_s = retry_after_s
        self.crowded = crowded
        self.odd = odd
