"""Small worlds for trials that refit heads: photos that exist only as embeddings, in the cache of a real dataset."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flaneur.dataset.split import Split, SplitRule, split
from flaneur.dataset.store import Dataset
from flaneur.files import write_table
from flaneur.types import Photo


@dataclass
class EmbeddedWorld:
    """A dataset with its split, and the encoder whose cache holds all embeddings."""

    dataset: Dataset
    encoder: Any
    split: Split

    @property
    def all(self) -> tuple[Dataset, Any, Split]:
        return self.dataset, self.encoder, self.split


def embedded_world(root: Path, photos: list[Photo], embeddings: NDArray[np.floating[Any]]) -> EmbeddedWorld:
    """A world of these photos; their hashes must differ."""
    dim = embeddings.shape[1]
    encoder = SimpleNamespace(name="drawn", hash="e" * 64, dim=dim)
    cache = root / "features" / encoder.hash[:16]
    cache.mkdir(parents=True)
    np.save(cache / "all.npy", embeddings.astype(np.float32))
    write_table(cache / "all.parquet", {"sha256": "string"}, [{"sha256": photo.sha256} for photo in photos])
    dataset = Dataset(root, root.name)
    dataset.__dict__.update(photos=tuple(sorted(photos, key=lambda photo: photo.id)), manifest={}, ties=())
    made = split(photos, SplitRule(train=0.6, validation=0.2, test=0.2, cell_m=0, gap_m=0))
    return EmbeddedWorld(dataset, encoder, made)


def drawn_photos(cities: dict[str, tuple[str, ...]], places: int, views: int = 1) -> list[Photo]:
    """Photos of cities by the projects that they were taken in, so many places of each, so many views of a place."""
    made: list[Photo] = []
    for city, projects in cities.items():
        for project in projects:
            for place in range(places):
                for _ in range(views):
                    number = len(made)
                    made.append(
                        Photo(
                            f"a:{number:05d}", f"{number:064x}", city, f"{project}-{place}", 64, 48, "a",
                            project=project, captured_at=f"20{10 + place % 10}-0{1 + place % 9}",
                        )
                    )  # fmt: skip
    return made


def city_signal(photos: list[Photo], strength: float, noise: float = 1.0, seed: int = 0) -> NDArray[np.float64]:
    """``[N, 12]``: each city a direction of its own of that strength, and noise; views of a place differ by noise."""
    rng = np.random.default_rng(seed)
    names = sorted({photo.city for photo in photos})
    made = noise * rng.normal(size=(len(photos), 12))
    for row, photo in enumerate(photos):
        made[row, names.index(photo.city)] += strength
    return made
