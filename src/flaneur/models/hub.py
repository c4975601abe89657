"""A file's name on the model hub in; its path on this computer out, fetched once and with consent, offline after."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from flaneur.errors import UsageError, WeightsError

_log = logging.getLogger(__name__)
_TIMEOUT_S = 15.0
Consent = Callable[[str], bool]
"""Told what would be fetched and how large it is; says whether to."""


def told(message: str) -> bool:
    """Consent where naming the hub's weights was consent enough: says what is fetched, and goes on."""
    _log.warning("%s", message)
    return True


def fetch(repository: str, file: str, name: str, consent: Consent = told) -> Path:
    """A file of the hub; only the first time is the network reached.

    Args:
        repository: such as ``laion/CLIP-ViT-B-32-laion2B-s34B-b79K``.
        file: within it.
        name: of the network, for messages.
        consent: is asked before the first download.

    Raises:
        UsageError: consent was not given.
        WeightsError: the hub cannot be reached, or has no such file; at once, without trying again and again.
    """
    import huggingface_hub

    _quieten()
    cached = huggingface_hub.try_to_load_from_cache(repository, file)
    if isinstance(cached, str):
        return Path(cached)
    try:
        address = huggingface_hub.hf_hub_url(repository, file)
        size = huggingface_hub.get_hf_file_metadata(address, timeout=_TIMEOUT_S).size
        if not consent(f"{name}: {file} of {repository} takes {_megabytes(size)}, fetched once."):
            raise UsageError(
                f"{name}: its weights were not fetched, as you said. A local file does without: --weights."
            )
        return Path(huggingface_hub.hf_hub_download(repository, file))
    except UsageError:
        raise
    except huggingface_hub.errors.EntryNotFoundError as error:
        raise WeightsError(
            f"{name}: {repository} has no {file} on the hub, and pickled weights, which run code when opened, are not "
            "fetched. Convert them where you trust them and name that file with --weights FILE."
        ) from error
    except Exception as error:  # the hub's client passes on the errors of whichever HTTP library it was built with
        raise WeightsError(
            f"{name}: its weights could not be fetched from the hub ({type(error).__name__}). Check the connection, "
            f"or get {file} of {repository} elsewhere and name it with --weights FILE."
        ) from error


def _quieten() -> None:
    """The hub's client tells of each of its troubles on a handler of its own; here they become one line."""
    level = logging.NOTSET if logging.getLogger().isEnabledFor(logging.DEBUG) else logging.CRITICAL
    logging.getLogger("huggingface_hub").setLevel(level)


def _megabytes(size: int | None) -> str:
    return "an unknown number of bytes" if size is None else f"{size / 1e6:,.0f} MB"
