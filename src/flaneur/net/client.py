"""What a source asks for in; replies out, politely: in time, at the set rate, within the budget, the key kept quiet."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any, TypedDict, Unpack

from flaneur.errors import CredentialsError, PhotoError, UsageError
from flaneur.net.addresses import bases_of, is_local, refusal_of
from flaneur.net.agent import contact_of, user_agent
from flaneur.net.attempts import Pace, attempts
from flaneur.net.judge import judged
from flaneur.net.keys import Secret, find_key, find_secret
from flaneur.net.ledger import Ledger
from flaneur.net.problems import Passing, Unreachable
from flaneur.net.rate import Rates
from flaneur.net.records import open_records
from flaneur.net.request import Asking, Options, Params, Reply
from flaneur.net.sender import Sender
from flaneur.net.silence import Silence
from flaneur.protocols import Key, Limit

_NO_PARAMS: Params = {}


class Spending(TypedDict, total=False):
    """What billed requests may cost.

    Args:
        budget: most to be spent, in the provider's currency, in all runs for one purpose; ``None``: no limit.
        price: of the next request of a kind, given how many of it this month has seen.
        purpose: what the budget is for, such as a dataset's name.
    """

    budget: float | None
    price: Callable[[str, int], float] | None
    purpose: str


@dataclasses.dataclass(frozen=True)
class _Means:
    """What a client works with."""

    source: str
    key: Key | None
    secret: Secret | None
    bases: Mapping[str, str]
    sender: Sender
    ledger: Ledger
    rates: Rates
    pace: Pace
    local: bool
    contact: str
    silence: Silence


class Client:
    """One provider's client; made by :func:`open_client`, safe to use from several threads.

    A thread that wants to know what a source dropped on its behalf works with a shallow copy that has a ``dropped`` of
    its own; all else is shared.

    Attributes:
        source: the provider's name.
        memo: for the source, to keep replies it will need again; small ones.
        dropped: how many photos the source left out, by reason.
        requests: how many were sent, retries included, by group.
        contact: how the provider can reach the user; empty if they do not say.
    """

    def __init__(self, means: _Means) -> None:
        self.source = means.source
        self.memo: dict[Any, Any] = {}
        self.dropped: Counter[str] = Counter()
        self.contact = means.contact
        self._means = means

    @property
    def requests(self) -> Counter[str]:
        """How many requests were sent, retries included, by group."""
        return self._means.sender.requests

    def get_json(self, base: str, path: str, params: Params = _NO_PARAMS, **options: Unpack[Options]) -> Any:
        """Ask for JSON.

        Args:
            base: name of one of the source's bases.
            path: below it.
            params: of the query.
            options: see :class:`Options`.

        Raises:
            CredentialsError: the key was refused (401, 403).
            NotThere: 404 or 410.
            Refused: another reply that no attempt will change, such as 400; it has ``status`` and ``content``.
            Unreachable: it could not be had now.
            BudgetError: a billed request would exceed the budget.
        """
        return self._had(self._asking("GET", base, path, options, accept="json", params=params)).json

    def post_json(
        self,
        base: str,
        path: str,
        body: Any = None,
        *,
        form: Mapping[str, Any] | None = None,
        **options: Unpack[Options],
    ) -> Any:
        """Send JSON, or a form, and ask for JSON; errors as :meth:`get_json`.

        Args:
            base: name of one of the source's bases.
            path: below it.
            body: becomes JSON.
            form: instead of ``body``: its fields.
            options: see :class:`Options`.
        """
        return self._had(self._asking("POST", base, path, options, accept="json", body=body, form=form)).json

    def get_bytes(
        self, base_or_url: str, path: str = "", params: Params = _NO_PARAMS, **options: Unpack[Options]
    ) -> Reply:
        """Ask for a picture, or for any bytes; errors as :meth:`get_json`, and ``PhotoError`` for what is no picture.

        Args:
            base_or_url: name of one of the source's bases, or an address that a reply named: such never gets the key.
            path: below the base.
            params: of the query.
            options: see :class:`Options`.
        """
        accept = options.get("accept", "image")
        return self._had(self._asking("GET", base_or_url, path, options, accept=accept, params=params))

    def spent(self) -> float:
        """What billed requests for this client's purpose have cost, in all runs."""
        return self._means.ledger.total()

    def stop(self) -> None:
        """Let no thread wait any longer: whoever does, or asks again, gets ``Unreachable``."""
        self._means.pace.stopped.set()

    def _asking(self, method: str, base: str, path: str, options: Options, **more: Any) -> Asking:
        means = self._means
        where = ""
        if "://" in base:
            refusal = refusal_of(base, local=means.local)
            if refusal is not None:
                raise refusal
            url = base
        else:
            url = f"{means.bases[base]}/{path.lstrip('/')}" if path else means.bases[base]
            where = options.get("where", means.key.where if means.key else "")
        return Asking(
            method=method,
            url=url,
            group=options.get("group", "search" if more["accept"] == "json" else "image"),
            headers=options.get("headers", {}),
            where="" if where == "none" or means.secret is None else where,
            billed=options.get("billed", ""),
            retry_if=options.get("retry_if"),
            final_if=options.get("final_if"),
            **more,
        )

    def _had(self, asking: Asking) -> Reply:
        last = Passing("")
        reply: Reply | None = None
        try:
            reply = attempts(self._means.pace, self._means.silence)(self._attempt, asking)
        except Passing as passing:
            last = passing
        # Not within 'except': an error that has another behind it would show that one's innards as well.
        if reply is not None:
            return reply
        raise self._given_up(asking, last)

    def _attempt(self, asking: Asking) -> Reply:
        means, silence = self._means, self._means.silence
        if silence.is_over:
            raise silence.end(means.source, asking.url)
        try:
            reply = judged(asking, means.sender.send(asking), means.source)
        except Passing as passing:
            if passing.crowded:
                silence.heard()
                wait_s = 1.0 if passing.retry_after_s is None else passing.retry_after_s
                means.rates.pause(asking.group, time.time() + wait_s * means.pace.scale)
            else:
                silence.failed(means.source, asking.url, passing.reason)
            raise
        except (CredentialsError, PhotoError):
            silence.heard()
            raise
        silence.heard()
        return reply

    def _given_up(self, asking: Asking, last: Passing) -> Exception:
        if last.odd and asking.accept == "image":
            return PhotoError("not_an_image", f"{asking.shown}: the provider sent {last.reason}, three times.")
        if self._means.silence.is_over:
            return self._means.silence.end(self.source, asking.url)
        return Unreachable(
            f"{self.source}: {asking.shown} could not be had now (last: {last.reason}). Try again later: the same "
            "command goes on where it stopped.",
            last.reason,
        )


def lacking_extra() -> str:
    """What to install before any provider can be asked; empty if all is there."""
    missing = any(find_spec(needed) is None for needed in ("httpx2", "tenacity"))
    return "Asking providers needs the extra 'collect': pip install 'flaneur[collect]'" if missing else ""


@contextmanager
def open_client(
    source: str,
    *,
    key: Key | None,
    limits: Mapping[str, Limit],
    bases: Mapping[str, str],
    contact: str = "",
    **spending: Unpack[Spending],
) -> Iterator[Client]:
    """A client for one provider, to be used in a ``with`` statement.

    Args:
        source: its name, such as ``mapillary``.
        key: what it wants to be shown.
        limits: how often each group of requests may be sent.
        bases: its addresses by name; the environment can name others (``FLANEUR_MAPILLARY_GRAPH_URL``).
        contact: address or page by which the provider can reach the user; else ``FLANEUR_CONTACT``.
        spending: see :class:`Spending`.

    Raises:
        CredentialsError: the key is missing and needed.
        UsageError: a base address is neither https nor on this machine, or the extra ``collect`` is not installed.
        InputError: the table of rates and spending cannot be used.
    """
    if lacking := lacking_extra():
        raise UsageError(lacking)
    found = bases_of(source, bases)
    secret = find_key(source, key)
    signing = find_secret(key.secret_variable) if key is not None and key.secret_variable else None
    local = any(is_local(url) for url in found.values())
    pace = Pace.from_environment(threading.Event(), local=local)
    rates_at = open_records(durable=False)
    costs_at = open_records(durable=True)
    rates = Rates(rates_at, source, limits, pace.stopped)
    ledger = Ledger(
        costs_at,
        source,
        purpose=spending.get("purpose", ""),
        price=spending.get("price"),
        budget=spending.get("budget"),
    )
    sender = Sender(rates, ledger, pace, bases=found, secrets=(secret, signing), agent=user_agent(contact))
    try:
        means = _Means(
            source, key, secret, found, sender, ledger, rates, pace, local, contact_of(contact), Silence()
        )  # fmt: skip
        yield Client(means)
    finally:
        pace.stopped.set()
        sender.close()
        rates_at.close()
        costs_at.close()
