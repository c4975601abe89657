"""flaneur: which city is this street?"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flaneur.add_city.run import AddedCity, add_city
    from flaneur.dataset.store import Dataset, open_dataset
    from flaneur.errors import FlaneurError, PhotoError
    from flaneur.evaluation.api import evaluate
    from flaneur.evaluation.compare import Compared, compare
    from flaneur.evaluation.report import Report
    from flaneur.explain.atlas.run import Atlas, atlas
    from flaneur.explain.run import Heatmap, explain
    from flaneur.predict import Model, load
    from flaneur.types import City, CityScore, Location, Photo, Prediction

__version__ = "0.1.0"
__all__ = [
    "AddedCity", "Atlas", "City", "CityScore", "Compared", "Dataset", "FlaneurError", "Heatmap", "Location", "Model",
    "Photo", "PhotoError", "Prediction", "Report", "__version__", "add_city", "atlas", "compare", "evaluate", "explain",
    "load", "open_dataset",
]  # fmt: skip
_HOMES = {  # imported when first asked for, so that `flaneur --help` stays quick
    "flaneur.dataset.store": ("Dataset", "open_dataset"), "flaneur.errors": ("FlaneurError", "PhotoError"),
    "flaneur.evaluation.api": ("Report", "evaluate"), "flaneur.evaluation.compare": ("Compared", "compare"),
    "flaneur.explain.atlas.run": ("Atlas", "atlas"), "flaneur.explain.run": ("Heatmap", "explain"),
    "flaneur.add_city.run": ("AddedCity", "add_city"), "flaneur.predict": ("Model", "load"),
    "flaneur.types": ("City", "CityScore", "Location", "Photo", "Prediction"),
}  # fmt: skip


def __getattr__(name: str) -> Any:
    if home := next((home for home, names in _HOMES.items() if name in names), ""):
        return getattr(import_module(home), name)
    raise AttributeError(f"module 'flaneur' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
