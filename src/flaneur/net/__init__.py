"""A provider's name, key and limits in; a polite client out. Nothing else in flaneur opens a connection."""

from __future__ import annotations

from flaneur.net.agent import CONTACT, contact_of
from flaneur.net.client import Client, lacking_extra, open_client
from flaneur.net.keys import key_from
from flaneur.net.ledger import spent, used_this_month
from flaneur.net.problems import NotThere, Refused, Unreachable
from flaneur.net.redact import scrub
from flaneur.net.request import Options, Reply, signature

__all__ = [
    "CONTACT", "Client", "NotThere", "Options", "Refused", "Reply", "Unreachable", "contact_of", "key_from",
    "lacking_extra", "open_client", "scrub", "signature", "spent", "used_this_month",
]  # fmt: skip
