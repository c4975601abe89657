"""A model and photos in; what speaks for a city, and what makes a city look like itself, out.

The package can be called: ``flaneur.explain(model, photo)`` is :func:`flaneur.explain.run.explain`. A function of that
name in :mod:`flaneur` would be lost as soon as one of these modules is imported. By name it takes ``city``,
``against``, ``method``, ``settings``, ``check`` and ``known``, which that function describes.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Unpack

if TYPE_CHECKING:
    from inspect import Signature
    from pathlib import Path

    from flaneur.explain.heatmap import Heatmap
    from flaneur.explain.run import How
    from flaneur.predict import Model, View


class _Explaining(ModuleType):
    def __call__(self, model: Model | str | Path, photo: View, **how: Unpack[How]) -> Heatmap:
        """Show what in a photo speaks for a city; see :func:`flaneur.explain.run.explain`."""
        from flaneur.explain.run import explain

        return explain(model, photo, **how)

    @property
    def __signature__(self) -> Signature:
        """What notebooks and editors show of a call."""
        from inspect import signature

        from flaneur.explain.run import explain

        return signature(explain)


sys.modules[__name__].__class__ = _Explaining
