"""One attempt in; one whole reply out: noted before it is sent, cut off when it takes too long or grows too large."""

from __future__ import annotations

import dataclasses
import logging
import threading
import time
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from flaneur.errors import PhotoError
from flaneur.net.addresses import is_local, refusal_of
from flaneur.net.attempts import Pace
from flaneur.net.keys import Secret
from flaneur.net.ledger import Ledger
from flaneur.net.problems import Passing, Refused
from flaneur.net.rate import Rates
from flaneur.net.redact import scrub
from flaneur.net.request import Asking, Reply, build

if TYPE_CHECKING:
    import httpx2

_log = logging.getLogger(__name__)
_MOST_BYTES = 32 * 2**20
_MOST_REDIRECTS = 5
_REDIRECTS = (301, 302, 303, 307, 308)


class _Course:
    """How far one request has come, as httpcore2 tells it."""

    def __init__(self, rates: Rates, slot: int) -> None:
        self._rates = rates
        self._slot = slot
        self.sent_at = 0.0
        self._settled = False

    def __call__(self, event: str, _: Mapping[str, Any]) -> None:
        """One event, such as ``http11.send_request_headers.started``."""
        if event == "connection.connect_tcp.started":
            self._rates.connecting(self._slot)
        elif event.endswith(".send_request_headers.started"):
            self.sent_at = time.time()
        elif event.endswith(".receive_response_headers.complete"):
            self.settle()

    def settle(self) -> None:
        """The reply has begun, or will not."""
        if not self._settled:
            self._settled = True
            self._rates.settle(self._slot, self.sent_at or time.time())


class Sender:
    """What sends a provider's requests, one attempt at a time.

    Args:
        rates: asked before each.
        ledger: asked before each that is billed.
        pace: for its time-outs.
        bases: the provider's addresses by name.
        secrets: its key, and what signs.
        agent: what to call ourselves.
    """

    def __init__(
        self,
        rates: Rates,
        ledger: Ledger,
        pace: Pace,
        *,
        bases: Mapping[str, str],
        secrets: tuple[Secret | None, Secret | None],
        agent: str,
    ) -> None:
        import httpx2

        from flaneur.net.transport import Deadline, Transport

        connect, read, self._whole_s = pace.timeouts_s
        self._rates, self._ledger, self._secrets = rates, ledger, secrets
        self._local = any(is_local(url) for url in bases.values())
        self._deadline = Deadline()
        trusted = frozenset(urlsplit(url).hostname or "" for url in bases.values())
        self._http = httpx2.Client(
            headers={"User-Agent": agent},
            timeout=httpx2.Timeout(read, connect=connect, pool=self._whole_s),
            transport=Transport(trusted, local=self._local, deadline=self._deadline),
        )
        self.requests: Counter[str] = Counter()
        self._counting = threading.Lock()

    def send(self, asking: Asking) -> Reply:
        """Send a request, and follow where the reply leads: at most five times, and the key never to another host.

        Raises:
            Passing: it failed in a way that can pass.
            Refused: it leads to where flaneur does not go.
            PhotoError: the reply is too large.
            BudgetError: it would exceed the budget.
            Unreachable: the provider wants to be left alone for long.
        """
        for _ in range(_MOST_REDIRECTS + 1):
            reply = self._hop(asking)
            if reply.status not in _REDIRECTS or not reply.headers.get("location"):
                return reply
            further = self._redirected(asking, reply)
            if isinstance(further, Refused):
                raise further
            asking = further
        raise Refused(f"{asking.shown}: redirected more than {_MOST_REDIRECTS} times.", status=reply.status)

    def close(self) -> None:
        """Let go of all connections."""
        self._http.close()

    def _redirected(self, asking: Asking, reply: Reply) -> Asking | Refused:
        # Returned, not raised: an address may hold the key, and a traceback may show what lay on the stack.
        url = urljoin(asking.url, reply.headers["location"])
        refusal = refusal_of(url, local=self._local)
        if refusal is not None:
            return refusal
        if asking.method != "GET":
            return Refused(f"{asking.shown}: redirected to {scrub(url)[:200]!r}. What was sent is not sent elsewhere.")
        here, there = urlsplit(asking.url), urlsplit(url)
        same = (here.scheme, here.netloc) == (there.scheme, there.netloc)
        return dataclasses.replace(
            asking,
            url=url,
            params={},
            headers=asking.headers if same else {},
            where=asking.where if same else "",
            billed="",
        )

    def _hop(self, asking: Asking) -> Reply:
        slot = self._rates.take(asking.group)
        course = _Course(self._rates, slot)
        started = time.monotonic()
        problem: Exception
        try:
            entry = self._ledger.enter(asking.billed) if asking.billed else 0
            with self._counting:
                self.requests[asking.group] += 1
            reply = self._exchange(asking, course)
        except (PhotoError, Passing) as error:
            problem = error.with_traceback(None)
            problem.__context__ = problem.__cause__ = None
        else:
            _log.debug("%s %s: %d, %.2f s", asking.method, asking.shown, reply.status, time.monotonic() - started)
            return reply
        finally:
            course.settle()
        if entry and not course.sent_at:
            self._ledger.cancel(entry)
        _log.debug("%s %s: %s, %.2f s", asking.method, asking.shown, problem, time.monotonic() - started)
        raise problem

    def _exchange(self, asking: Asking, course: _Course) -> Reply:
        import httpcore2
        import httpx2

        from flaneur.net.transport import PASSING

        self._deadline.at = time.monotonic() + self._whole_s
        try:
            request = build(self._http, asking, *self._secrets)
            request.extensions = {**request.extensions, "trace": course}
            response = self._http.send(request, stream=True)
            try:
                return Reply(response.status_code, dict(response.headers), self._body(asking, response))
            finally:
                response.close()
        except PASSING as error:
            raise Passing(_words(error)) from None
        except (httpcore2.LocalProtocolError, httpx2.InvalidURL):
            raise Refused(f"{scrub(asking.shown)[:200]}: this is no address, or cannot be asked by HTTP.") from None
        finally:
            self._deadline.at = float("inf")

    def _body(self, asking: Asking, response: httpx2.Response) -> bytes:
        packed = response.headers.get("content-encoding", "identity").lower()
        if packed not in ("identity", "gzip", "deflate"):
            raise Passing(f"a reply packed as {packed[:20]!r}, which was not asked for", odd=True)
        found = bytearray()
        for piece in response.iter_bytes():
            found += piece
            if len(found) > _MOST_BYTES:
                raise PhotoError("too_large", f"{asking.shown}: larger than {_MOST_BYTES >> 20} MB.")
        return bytes(found)


def _words(error: Exception) -> str:
    """For people; never the error's own text, which may quote what was sent."""
    import httpcore2

    kinds: tuple[tuple[type[Exception], str], ...] = (
        (httpcore2.TimeoutException, "it took too long"),
        (httpcore2.ConnectError, "no connection"),
        (httpcore2.NetworkError, "the connection broke"),
        (httpcore2.ProxyError, "the proxy refused"),
        (httpcore2.RemoteProtocolError, "the reply ended early or was garbled"),
    )
    return next((words for kind, words in kinds if isinstance(error, kind)), "the reply could not be unpacked")
