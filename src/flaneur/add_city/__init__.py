"""A bundle and photos of one more city in; a bundle that knows it, and what that costs the others, out.

The package can be called: ``flaneur.add_city(model, name, photos)`` is :func:`flaneur.add_city.run.add_city`. A
function of that name in :mod:`flaneur` would be lost as soon as one of these modules is imported. By name it takes
``out``, ``centre``, ``check``, ``replace``, ``even_so`` and ``progress``, which that function describes.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from inspect import Signature
    from pathlib import Path

    from flaneur.add_city.run import AddedCity
    from flaneur.predict import Model, View


class _Adding(ModuleType):
    def __call__(self, model: Model | str | Path, name: str, photos: Sequence[View], **how: Any) -> AddedCity:
        """Teach a model one more city; see :func:`flaneur.add_city.run.add_city`."""
        from flaneur.add_city.run import add_city

        return add_city(model, name, photos, **how)

    @property
    def __signature__(self) -> Signature:
        """What notebooks and editors show of a call."""
        from inspect import signature

        from flaneur.add_city.run import add_city

        return signature(add_city)


sys.modules[__name__].__class__ = _Adding
