"""A method's name in; nothing out if torch and captum are installed, or one clear error."""

from __future__ import annotations

from importlib.util import find_spec

from flaneur.errors import UsageError, install_extra


def need_extra(method: str) -> None:
    """Check that gradients can be had, without importing anything.

    Args:
        method: what needs them, for the message.

    Raises:
        UsageError: torch or captum is missing.
    """
    missing = [package for package in ("torch", "captum") if find_spec(package) is None]
    if missing:
        raise UsageError(
            f"{method!r} needs gradients, and {' and '.join(missing)} is not installed: {install_extra('train')}. "
            "Occlusion and RISE need neither."
        )


def need_torch(what: str) -> None:
    """Check that a network can be made in torch, without importing it.

    Args:
        what: needs it, for the message.

    Raises:
        UsageError: torch is missing.
    """
    if find_spec("torch") is None:
        raise UsageError(
            f"{what} looks inside the network, and torch is not installed: {install_extra('train')}. "
            "'flaneur explain' needs no torch."
        )
