"""What shows nothing, or the same again, is set aside with its reason; look-alikes stay but are tied."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter

from flaneur.dataset.audit import split_dataset
from flaneur.dataset.curate import CurationRule, curate, hamming_pairs
from flaneur.dataset.manifest import update_manifest
from flaneur.dataset.measure import measure, portrait
from flaneur.dataset.split import SplitRule
from flaneur.dataset.store import Dataset, import_photos, open_dataset
from flaneur.errors import UsageError
from flaneur.importers import folder

PHOTOS = Path(__file__).resolve().parents[3] / "shared" / "photos"


def street(seed: int, size: tuple[int, int] = (320, 240)) -> Image.Image:
    """Blocks and noise: a picture with the statistics of a street, roughly."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(20, 235, (9, 12, 3), np.uint8)).resize(size, Image.Resampling.NEAREST)
    noise = rng.normal(0, 12, (size[1], size[0], 3))
    return Image.fromarray(np.clip(np.asarray(coarse) + noise, 0, 255).astype(np.uint8))


def dataset(tmp_path: Path, pictures: dict[str, Image.Image], **settings: int) -> Dataset:
    for name, picture in pictures.items():
        path = tmp_path / "photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        picture.save(path, quality=settings.get("quality", 90))
    import_photos(folder.find(tmp_path / "photos"), tmp_path / "d", name="d", source="folder")
    return open_dataset(tmp_path / "d")


def test_each_kind_of_nothing_is_named(tmp_path):
    tile = Image.new("RGB", (320, 240), (228, 227, 223))
    for x in range(60, 260, 6):  # a line of text: "sorry, we have no imagery here"
        tile.paste((120, 120, 120), (x, 118, x + 3, 124))
    sky = Image.fromarray(np.linspace(120, 220, 240)[:, None, None].repeat(320, 1).repeat(3, 2).astype(np.uint8))
    pictures = {f"rome/{number}.png": street(number) for number in range(5)} | {
        "rome/grey.png": Image.new("RGB", (320, 240), (128, 128, 128)),
        "rome/tile.png": tile,
        "rome/sky.png": sky,
        "rome/night.png": street(90).point(lambda value: value // 40),
        "rome/smear.png": street(91).filter(ImageFilter.GaussianBlur(24)),
        "rome/stamp.png": street(92, (60, 60)),
    }
    data = dataset(tmp_path, pictures)
    summary = curate(data)
    reasons = {dropped.original: dropped.reason for dropped in open_dataset(data.root).dropped}
    assert {name.split("/")[1]: reason for name, reason in reasons.items()} == {
        "grey.png": "blank", "tile.png": "blank", "sky.png": "flat", "night.png": reasons["rome/night.png"],
        "smear.png": reasons["rome/smear.png"], "stamp.png": "too_small",
    }  # fmt: skip
    assert reasons["rome/night.png"] in ("blank", "too_dark")
    assert reasons["rome/smear.png"] in ("flat", "blurred")
    assert (summary.kept, sum(summary.dropped.values())) == (5, 6)


def test_repeats_go_look_alikes_are_tied_and_conflicts_are_said(tmp_path):
    first = street(1)
    darker = first.point(lambda value: int(value * 0.8))
    changed = first.copy()
    changed.paste(street(2).crop((0, 0, 90, 60)), (30, 30))
    pictures = {
        "rome/a.jpg": first, "rome/b.jpg": darker, "rome/c.jpg": first.resize((200, 150)), "rome/d.jpg": changed,
        "oslo/e.jpg": first.crop((2, 2, 318, 238)), "oslo/f.jpg": street(3),
    }  # fmt: skip
    data = dataset(tmp_path, pictures)
    summary = curate(data)
    after = open_dataset(data.root)
    assert {dropped.original: dropped.reason for dropped in after.dropped} == {
        "rome/b.jpg": "near_duplicate", "rome/c.jpg": "near_duplicate",
    }  # fmt: skip
    assert "rome/a.jpg" in after.dropped[0].detail
    assert ("rome/rome/a.jpg", "rome/rome/d.jpg") in after.ties
    assert ("oslo/oslo/e.jpg", "rome/rome/a.jpg") in after.ties
    assert any("oslo/e.jpg (oslo) and rome/a.jpg (rome)" in line for line in summary.conflicts)
    made, _ = split_dataset(after, SplitRule())
    assert (
        made.group_of["folder:oslo/e.jpg"] == made.group_of["folder:rome/a.jpg"] == made.group_of["folder:rome/d.jpg"]
    )


def test_again_with_another_rule_starts_from_all_photos(tmp_path):
    data = dataset(
        tmp_path, {"rome/a.jpg": street(1), "rome/b.jpg": street(1).resize((300, 225)), "rome/c.jpg": street(2)}
    )
    assert curate(data).dropped == {"near_duplicate": 1}
    once = (data.root / "dropped.parquet").read_bytes()
    assert curate(open_dataset(data.root)).kept == 2
    assert (data.root / "dropped.parquet").read_bytes() == once
    assert curate(open_dataset(data.root), CurationRule(near_duplicate=1.0)).dropped == {}
    assert open_dataset(data.root).manifest["curation"]["near_duplicate"] == 1.0
    with pytest.raises(UsageError):
        CurationRule(near_duplicate=0.5)


def test_hamming_pairs_are_all_pairs():
    rng = np.random.default_rng(0)
    hashes = rng.integers(0, 2**8, 300).astype(np.uint64) << np.uint64(50)
    slow = {
        (one, other) for one in range(300) for other in range(one + 1, 300)
        if (int(hashes[one]) ^ int(hashes[other])).bit_count() <= 2
    }  # fmt: skip
    assert set(hamming_pairs(hashes, 2)) == slow


def test_measures_by_hand():
    half = Image.new("RGB", (100, 100), "black")
    half.paste("white", (50, 0, 100, 100))
    seen = measure(half)
    assert (seen.brightness, seen.contrast, seen.flatness) == (127.5, 127.5, 0.5)
    assert seen.edges == pytest.approx(1 / 127, abs=1e-5)
    assert float(portrait(half) @ portrait(half)) == pytest.approx(1)
    assert float(portrait(half) @ portrait(half.rotate(180))) == pytest.approx(-1)
    assert not portrait(Image.new("RGB", (9, 9), "red")).any()


def test_the_hash_agrees_with_a_discrete_cosine_transform():
    from scipy.fft import dctn

    grey = np.asarray(
        street(5)
        .resize((128, 128), Image.Resampling.BOX, reducing_gap=2.0)
        .resize((32, 32), Image.Resampling.BOX)
        .convert("L"),
        dtype=float,
    )
    low = dctn(grey)[:8, :8].ravel()
    bits = "".join("1" if value > np.median(low[1:]) else "0" for value in low)
    assert (int(bits, 2) ^ int(measure(street(5)).phash, 16)).bit_count() <= 2  # a border value may round either way


def test_the_manifest_is_not_written_for_nothing(tmp_path):
    update_manifest(tmp_path, {"name": "x"})
    before = (tmp_path / "dataset.toml").stat().st_mtime_ns
    update_manifest(tmp_path, {"name": "x"})
    assert (tmp_path / "dataset.toml").stat().st_mtime_ns == before


@pytest.mark.shared
@pytest.mark.skipif(not PHOTOS.is_dir(), reason="../shared/photos, the measuring photos, is not beside this checkout")
def test_real_photos_survive(tmp_path):
    found = [each for each in folder.find(PHOTOS / "photos.csv") if each.key.startswith("cities/")]
    import_photos(found[::8], tmp_path / "real", name="real", source="folder")
    summary = curate(open_dataset(tmp_path / "real"))
    assert summary.kept >= 0.98 * len(found[::8])
    made, audit = split_dataset(open_dataset(tmp_path / "real"), SplitRule())
    assert audit.warnings == ()
    assert len(made.ids("unused")) < 0.08 * summary.kept
