"""A contact in; what flaneur tells providers about itself out."""

from __future__ import annotations

import os
from importlib import metadata

CONTACT = "FLANEUR_CONTACT"


def user_agent(contact: str = "") -> str:
    r"""Who asks, and where to complain; providers such as Wikimedia block clients that do not say.

    Args:
        contact: an address or page of the user; if empty, what ``FLANEUR_CONTACT`` holds.

    >>> user_agent("ada@example.org").startswith("flaneur/"), user_agent("a\nb: c").endswith("ab: c)")
    (True, True)
    """
    from flaneur import __version__

    about = "; ".join(part for part in (_page(), contact_of(contact)) if part)
    return f"flaneur/{__version__}" + (f" ({about})" if about else "")


def contact_of(contact: str = "") -> str:
    """How to reach the user, as it may stand in a header; empty if they do not say.

    Args:
        contact: see :func:`user_agent`.

    >>> contact_of(" ada@example.org (mail)")
    'ada@example.org mail'
    """
    reach = contact or os.environ.get(CONTACT, "")
    clean = "".join(letter for letter in reach if letter.isascii() and letter.isprintable() and letter not in "()")
    return clean.strip()[:200]


def _page() -> str:
    """The project's page as its package names it."""
    try:
        named = metadata.metadata("flaneur").get_all("Project-URL") or []
    except metadata.PackageNotFoundError:
        named = []
    return f"+{str(named[0]).partition(',')[2].strip()}" if named else ""
