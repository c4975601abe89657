"""A contact in; what flaneur tells providers about itself out."""

from __future__ import annotations

import os
from importlib import metadata


def user_agent(contact: str = "") -> str:
    r"""Who asks, and where to complain; providers such as Wikimedia block clients that do not say.

    Args:
        contact: an address or page of the user; if empty, what ``FLANEUR_CONTACT`` holds.

    >>> user_agent("ada@example.org").startswith("flaneur/"), user_agent("a\nb: c").endswith("ab: c)")
    (True, True)
    """
    from flaneur import __version__

    reach = contact or os.environ.get("FLANEUR_CONTACT", "")
    clean = "".join(letter for letter in reach if letter.isascii() and letter.isprintable() and letter not in "()")
    about = "; ".join(part for part in (_page(), clean[:200]) if part)
    return f"flaneur/{__version__}" + (f" ({about})" if about else "")


def _page() -> str:
    """The project's page as its package names it."""
    try:
        named = metadata.metadata("flaneur").get_all("Project-URL") or []
    except metadata.PackageNotFoundError:
        named = []
    return f"+{str(named[0]).partition(',')[2].strip()}" if named else ""
