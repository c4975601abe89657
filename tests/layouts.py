"""A folder in; a small copy of each dataset layout, traps included, out: one function an importer, by its name."""

from __future__ import annotations

import csv
import json
import tarfile
import zipfile
from collections.abc import Callable, Iterable, Mapping
from io import BytesIO
from pathlib import Path

from photos import drawn, jpeg

Rows = Iterable[Mapping[str, object]]


def photo(path: Path, seed: int) -> Path:
    """A small drawn JPEG."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(jpeg(drawn(seed, 64, 48)))
    return path


def table(path: Path, rows: Rows, *, index: bool = False) -> Path:
    """A CSV as data frames are written, with their index as an unnamed first column if asked for."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = list(rows)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*([""] if index else []), *rows[0]])
        writer.writerows([*([number] if index else []), *row.values()] for number, row in enumerate(rows))
    return path


def folder(root: Path) -> Path:
    """City folders."""
    photo(root / "rome" / "a.jpg", 1)
    photo(root / "rome" / "trastevere" / "b.jpg", 2)
    photo(root / "São Paulo" / "c.jpg", 3)
    (root / "rome" / "notes.txt").write_text("x")
    return root


def csv_file(root: Path) -> Path:
    """A CSV and its photos."""
    folder(root)
    rows = [
        {"file": "rome/a.jpg", "city": "Rome", "lat": "41.9", "lon": "12.5", "place": "p1", "shoe": "44"},
        {"file": "rome/trastevere/b.jpg", "city": "Rome", "lat": "", "lon": "", "place": "", "shoe": ""},
    ]
    return table(root / "photos.csv", rows)


def imagefolder(root: Path) -> Path:
    """Two parts of folders."""
    photo(root / "train" / "rome" / "a.jpg", 1)
    photo(root / "train" / "oslo" / "b.jpg", 2)
    photo(root / "test" / "rome" / "c.jpg", 3)
    return root


def gsv_cities(root: Path) -> Path:
    """Positions as strings, directions above 360, repeating places, codes, odd panorama ids, upper-case suffixes."""
    rows = [
        ("PRS", 7, 2019, 5, 584, "48.85", "2.35", "a-_b__"),
        ("PRS", 7, 2014, 11, 406, "48.850", "2.3500000000000001", "-c_d"),  # pandas writes 48.85 and 2.35
        ("PRS", 8, 2016, 1, 0, "48.86", "2.36", "odd"),  # its file spells the position otherwise
        ("BuenosAires", 7, 2018, 7, 90, "-34.6", "-58.4", "e"),  # the same place number in another city
    ]
    names = [
        "PRS_0000007_2019_05_584_48.85_2.35_a-_b__.jpg", "PRS_0000007_2014_11_406_48.85_2.35_-c_d.JPG",
        "PRS_0000008_2016_01_000_48.8600_2.3600_odd.jpg", "BuenosAires_0000007_2018_07_090_-34.6_-58.4_e.jpg",
    ]  # fmt: skip
    columns = ("city_id", "place_id", "year", "month", "northdeg", "lat", "lon", "panoid")
    for seed, (row, name) in enumerate(zip(rows, names, strict=True)):
        photo(root / "Images" / row[0] / name, seed)
    for city in ("PRS", "BuenosAires"):
        of_city = [dict(zip(columns, row, strict=True)) for row in rows if row[0] == city]
        table(root / "Dataframes" / f"{city}.csv", of_city)
    return root


def msls(root: Path) -> Path:
    """An unnamed index, both names of the sequence, panoramas, a folder code, a test city without positions."""
    seed = 0
    for part, city, sequence, with_raw in (
        ("train_val", "cph", "sequence_key", True), ("train_val", "saopaulo", "sequence_id", True),
        ("test", "miami", "sequence_key", False),
    ):  # fmt: skip
        for half in ("query", "database"):
            at = root / part / city / half
            keys = [f"{city[:2]}-{half[0]}_{number}" for number in range(4)]
            for key in keys:
                photo(at / "images" / f"{key}.jpg", seed := seed + 1)
            frames = [{"key": key, sequence: f"{half}-{key[-1] > '1'}", "frame_number": 1} for key in keys]
            table(at / "seq_info.csv", frames, index=True)
            if with_raw:
                raw = [{"key": key, "lon": 12.5 + n / 100, "lat": 55.6, "ca": 350.5, "captured_at": "1502841600000",
                        "pano": key.endswith("3")} for n, key in enumerate(keys)]  # fmt: skip
                table(at / "raw.csv", raw, index=True)
                post = [{"key": key, "night": False, "unique_cluster": n} for n, key in enumerate(keys)]
                table(at / "postprocessed.csv", post, index=True)
    return root


OSV5M_ROWS = [
    ("11", -43.80, -176.61, "NZ", "Chatham Islands", "", "Waitangi", "Waitangi_NaN_Chatham Islands_NZ"),
    ("12", -22.56, 17.08, "NA", "Khomas", "", "Windhoek", "Windhoek_NaN_Khomas_NA"),
    ("13", 37.2, -93.3, "US", "Missouri", "Greene County", "Springfield", "x"),
    ("14", 39.8, -89.6, "US", "Illinois", "Sangamon County", "Springfield", "y"),
    ("15", 18.78, 100.77, "TH", "Nan", "", "Nan", "z"),
    ("16", 0.0, 0.0, "GH", "", "", "NaN", "NaN_NaN_NaN_GH"),
]


def osv5m(root: Path) -> Path:
    """Namibia, cities that repeat, a row without a city, photos in zip files and in a folder."""
    rows = [
        {"id": key, "latitude": lat, "longitude": lon, "country": country, "sequence": f"s{key}",
         "captured_at": "1546300800000", "region": region, "sub-region": smaller, "city": city, "unique_city": unique,
         "creator_username": "walker", "cell": "(0, 8)"}
        for key, lat, lon, country, region, smaller, city, unique in OSV5M_ROWS
    ]  # fmt: skip
    table(root / "train.csv", rows[:4])
    table(root / "test.csv", rows[4:])
    (root / "images" / "train").mkdir(parents=True)
    with zipfile.ZipFile(root / "images" / "train" / "00.zip", "w") as wrapped:
        for key in ("11", "12"):
            wrapped.writestr(f"00/{key}.jpg", jpeg(drawn(int(key), 64, 48)))
    with zipfile.ZipFile(root / "images" / "train" / "01.zip", "w") as flat:
        for key in ("13", "14"):
            flat.writestr(f"{key}.jpg", jpeg(drawn(int(key), 64, 48)))
    for key in ("15", "16"):
        photo(root / "images" / "test" / "00" / f"{key}.jpg", int(key))
    return root


def im2gps(root: Path) -> Path:
    """Positions only: two in a city, one nowhere."""
    rows = [
        {"IMG_ID": "1000018431_82c7bb2bcb_205_24441121@N02.jpg", "AUTHOR": "24441121@N02", "LAT": 48.853, "LON": 2.35},
        {"IMG_ID": "2_ab_1_3@N00.jpg", "AUTHOR": "3@N00", "LAT": 51.5, "LON": -0.12},
        {"IMG_ID": "4_ab_1_5@N00.jpg", "AUTHOR": "5@N00", "LAT": 27.98, "LON": 86.92},
    ]
    for seed, row in enumerate(rows):
        photo(root / "im2gps3ktest" / str(row["IMG_ID"]), seed)
    table(root / "im2gps3k_places365.csv", rows)
    return root


PULSE = [f"513d7e23fdc9f035870{number:05x}" for number in range(4)]


def place_pulse(root: Path) -> Path:
    """Votes whose ``lat`` holds longitudes, a row of a scanner, and photos named by id."""
    rows = [
        {"study_id": "50a68a51fdc9f05596000002", "left": PULSE[0], "right": PULSE[1], "choice": "left",
         "place_name_left": "Rio De Janeiro", "place_name_right": "Houston", "long_left": -22.9, "lat_left": -43.2,
         "long_right": 29.7, "lat_right": -95.3},
        {"study_id": "x", "left": "../../etc/passwd", "right": PULSE[2], "choice": "1 or 1=1", "place_name_left": "x",
         "place_name_right": "Kyoto", "long_left": 1, "lat_left": 1, "long_right": 35.0, "lat_right": 135.7},
    ]  # fmt: skip
    for seed, key in enumerate(PULSE):
        photo(root / "final_photo_dataset" / f"{key}.jpg", seed)
    table(root / "metadata" / "votes_clean.csv", rows)
    return root


LAYOUTS: dict[str, Callable[[Path], Path]] = {
    "folder": folder, "csv": csv_file, "imagefolder": imagefolder, "gsv_cities": gsv_cities, "msls": msls,
    "osv5m": osv5m, "im2gps": im2gps, "place_pulse": place_pulse,
}  # fmt: skip


def packed(root: Path, archive: Path) -> Path:
    """A folder as a zip or tar file; the archives in it are unpacked, as archives in archives are not read."""
    files: dict[str, bytes] = {}
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root)
        if path.suffix == ".zip":
            with zipfile.ZipFile(path) as inner:
                files |= {f"{name.parent}/{path.stem}/{Path(file).name}": inner.read(file) for file in inner.namelist()}
        elif path.is_file():
            files[name.as_posix()] = path.read_bytes()
    if archive.suffix == ".zip":
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as out:
            for name, data in files.items():
                out.writestr(name, data)
    else:
        with tarfile.open(archive, "w") as out:
            for name, data in files.items():
                entry = tarfile.TarInfo(f"./{name}")
                entry.size = len(data)
                out.addfile(entry, BytesIO(data))
    return archive


def json_lines(path: Path, rows: Rows) -> Path:
    """JSON lines."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path
