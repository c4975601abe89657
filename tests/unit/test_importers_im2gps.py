"""Im2GPS: positions become the gazetteer's cities, or a reason."""

import pytest

from flaneur.dataset.store import import_photos, open_dataset
from flaneur.errors import InputError
from flaneur.importers.im2gps import find
from layouts import im2gps, photo, table


def test_positions_become_cities_or_a_reason(tmp_path):
    found = {photo.key: (photo.city, photo.facts.get("refused", "")) for photo in find(im2gps(tmp_path))}
    assert found["1000018431_82c7bb2bcb_205_24441121@N02.jpg"] == ("paris-fr", "")
    assert found["2_ab_1_3@N00.jpg"] == ("london-gb", "")
    assert found["4_ab_1_5@N00.jpg"][0] == ""
    assert "it lies in no city" in found["4_ab_1_5@N00.jpg"][1]


def test_the_refused_are_listed_with_their_reason(tmp_path):
    import_photos(find(im2gps(tmp_path / "given")), tmp_path / "data", name="data", source="im2gps")
    data = open_dataset(tmp_path / "data")
    assert sorted(photo.city for photo in data.photos) == ["london-gb", "paris-fr"]
    assert [(row.reason, "it lies in no city" in row.detail) for row in data.dropped] == [("bad_row", True)]


def test_author_and_page_come_from_the_name(tmp_path):
    first = next(find(im2gps(tmp_path)))
    assert first.facts["author"] == "24441121@N02"
    assert first.facts["page_url"] == "https://www.flickr.com/photos/24441121@N02/1000018431"


@pytest.mark.parametrize("names", [("IMG_ID", "LAT", "LON"), ("image_file", "latitude", "longitude")])
def test_the_table_alone_may_be_named_and_its_columns_differ(tmp_path, names):
    path = table(tmp_path / "gt.csv", [dict(zip(names, ("a.jpg", 48.853, 2.35), strict=True))])
    photo(tmp_path / "img" / "a.jpg", 1)
    assert [(found.path, found.city) for found in find(path)] == [(tmp_path / "img" / "a.jpg", "paris-fr")]


def test_one_impossible_position_is_told_and_most_of_them_stop(tmp_path):
    good = [{"IMG_ID": f"{number}.jpg", "LAT": 48.85, "LON": 2.35} for number in range(3)]
    wrong = {"IMG_ID": "w.jpg", "LAT": 139.7, "LON": 35.6}
    path = table(tmp_path / "t.csv", [*good, wrong])
    assert list(find(path))[-1].facts["refused"] == (
        "(139.7, 35.6) is not (latitude, longitude) in degrees. Are the columns swapped?"
    )
    table(path, [wrong, wrong | {"IMG_ID": "v.jpg"}])
    with pytest.raises(InputError, match=r"line 2: \(139.7, 35.6\) is not .*swapped"):
        list(find(path))


def test_no_such_table(tmp_path):
    table(tmp_path / "x.csv", [{"IMG_ID": "a.jpg"}])
    with pytest.raises(InputError, match="no table with the columns IMG_ID, LAT and LON"):
        list(find(tmp_path))
