"""A dataset in; its description in Croissant 1.1, which search engines and data loaders read, out.

Source:
    https://docs.mlcommons.org/croissant/docs/croissant-spec-1.1.html: required properties; appendix 1 for the context;
    pictures joined to a table's rows by their hash, as in its section on joins. schema.org is spelt with https and some
    names are added, as mlcroissant, the reference reader, expects them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flaneur.dataset.attribution import credits_of, licence_url
from flaneur.dataset.passing_on import PUBLIC_COLUMNS
from flaneur.dataset.store import Dataset
from flaneur.files import ColumnType, sha256_file

VERSION = "http://mlcommons.org/croissant/1.1"
_CR = (
    "annotation", "arrayShape", "citeAs", "column", "containedIn", "equivalentProperty", "excludes", "extract", "field",
    "fileObject", "fileProperty", "fileSet", "format", "includes", "isArray", "isLiveDataset", "jsonPath", "key", "md5",
    "parentField", "path", "readLines", "recordSet", "references", "regex", "repeated", "replace", "samplingRate",
    "sdVersion", "separator", "source", "subField", "transform", "unArchive", "value",
)  # fmt: skip
CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    **{name: f"cr:{name}" for name in _CR},
}
_TYPES: dict[ColumnType, str] = {"string": "sc:Text", "int64": "sc:Integer", "float64": "sc:Float"}
_FORMATS = {".csv": "text/csv", ".parquet": "application/x-parquet"}
_PICTURES = {"jpg": "image/jpeg", "png": "image/png", "webp": "image/webp"}


def croissant(dataset: Dataset, folder: Path, facts: dict[str, str]) -> dict[str, Any]:
    """Describe a dataset.

    Args:
        dataset: what curation left of it.
        folder: the dataset's own, or an imagefolder that it was exported to.
        facts: ``creator``, ``creator_type`` (``Person`` or ``Organization``), ``url``,
            ``description`` and ``published``, an ISO date.
    """
    table = folder / ("metadata.csv" if is_exported(folder) else "photos.parquet")
    return {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": VERSION,
        "name": dataset.name,
        "description": facts["description"],
        "license": _licences(dataset),
        "url": facts["url"],
        "creator": {"@type": f"sc:{facts['creator_type']}", "name": facts["creator"]},
        "datePublished": facts["published"],
        "version": "1.0.0",
        "keywords": ["street view", "geolocation", "city recognition"],
        "isLiveDataset": False,
        "distribution": _files(folder, table),
        "recordSet": [_cities(dataset), _photos(table), _pictures()],
    }


def is_exported(folder: Path) -> bool:
    """Whether a folder is an exported imagefolder, not a dataset."""
    return (folder / "metadata.csv").is_file()


def _licences(dataset: Dataset) -> list[Any]:
    names = sorted({credit.licence for credit in credits_of(dataset.photos)})
    return [licence_url(name) or {"@type": "sc:CreativeWork", "name": name} for name in names]


def _files(folder: Path, table: Path) -> list[dict[str, Any]]:
    found = sorted({path.suffix[1:] for path in folder.rglob("*") if path.suffix[1:] in _PICTURES})
    depth = "*/*" if table.suffix == ".csv" else "**/*"
    return [
        {
            "@type": "cr:FileObject",
            "@id": "table",
            "name": table.name,
            "contentUrl": table.name,
            "encodingFormat": _FORMATS[table.suffix],
            "sha256": sha256_file(table),
        },
        {
            "@type": "cr:FileSet",
            "@id": "files",
            "name": "files",
            "description": "Photos without metadata, each named by the SHA-256 of its bytes.",
            "encodingFormat": [_PICTURES[suffix] for suffix in found],
            "includes": [f"{depth}.{suffix}" for suffix in found],
        },
    ]


def _cities(dataset: Dataset) -> dict[str, Any]:
    return {
        "@type": "cr:RecordSet",
        "@id": "cities",
        "name": "cities",
        "description": "The labels.",
        "dataType": "sc:Enumeration",
        "key": {"@id": "cities/slug"},
        "field": [_field("cities/slug", "sc:Text")],
        "data": [{"cities/slug": city.slug} for city in dataset.cities],
    }


def _photos(table: Path) -> dict[str, Any]:
    return {
        "@type": "cr:RecordSet",
        "@id": "photos",
        "name": "photos",
        "description": f"What is known of each photo: the rows of {table.name}.",
        "key": {"@id": "photos/sha256"},
        "field": [_column(name, kind) for name, kind in PUBLIC_COLUMNS.items()],
    }


def _pictures() -> dict[str, Any]:
    def from_file(extract: str) -> dict[str, Any]:
        return {"fileSet": {"@id": "files"}, "extract": {"fileProperty": extract}}

    def joined(name: str) -> dict[str, Any]:
        return {"field": {"@id": f"photos/{name}"}}

    sha256 = from_file("filename") | {"transform": {"regex": "([0-9a-f]{64})"}}
    return {
        "@type": "cr:RecordSet",
        "@id": "pictures",
        "name": "pictures",
        "description": "The pixels of each photo, and where they were taken.",
        "key": {"@id": "pictures/sha256"},
        "field": [
            _field("pictures/sha256", "sc:Text") | {"source": sha256, "references": joined("sha256")},
            _field("pictures/picture", "sc:ImageObject") | {"source": from_file("content")},
            *(_field(f"pictures/{name}", "sc:Text") | {"source": joined(name)} for name in ("id", "city")),
        ],
    }


def _column(name: str, kind: ColumnType) -> dict[str, Any]:
    source = {"fileObject": {"@id": "table"}, "extract": {"column": name}}
    made = _field(f"photos/{name}", _TYPES[kind]) | {"source": source}
    return made | {"references": {"field": {"@id": "cities/slug"}}} if name == "city" else made


def _field(name: str, kind: str) -> dict[str, Any]:
    return {"@type": "cr:Field", "@id": name, "name": name.partition("/")[2], "dataType": kind}
