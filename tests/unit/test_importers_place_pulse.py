"""Place Pulse 2.0: both copies that go round, swapped columns, junk rows."""

import pytest

from flaneur.errors import InputError
from flaneur.importers.place_pulse import find
from layouts import PULSE, photo, place_pulse, table


def told(found):
    return {photo.facts["place"]: (photo.city, photo.facts.get("lat"), photo.facts.get("lon")) for photo in found}


def test_the_votes_name_cities_and_swap_latitude_and_longitude(tmp_path, caplog):
    assert told(find(place_pulse(tmp_path))) == {
        PULSE[0]: ("Rio De Janeiro", "-22.9", "-43.2"), PULSE[1]: ("Houston", "29.7", "-95.3"),
        PULSE[2]: ("Kyoto", "35.0", "135.7"),
    }  # fmt: skip
    assert "since nothing names their city: 1 photo." in caplog.text


def test_columns_that_are_right_stay_right(tmp_path):
    row = {"left": PULSE[0], "right": PULSE[1], "place_name_left": "Houston", "place_name_right": "Rome",
           "lat_left": 29.7, "long_left": -95.3, "lat_right": 41.9, "long_right": 12.5}  # fmt: skip
    table(tmp_path / "votes.csv", [row])
    for seed in (0, 1):
        photo(tmp_path / f"{PULSE[seed]}.jpg", seed)
    assert told(find(tmp_path))[PULSE[0]] == ("Houston", "29.7", "-95.3")


def test_positions_that_could_be_either_way_are_left_out(tmp_path, caplog):
    row = {"left": PULSE[0], "right": PULSE[1], "place_name_left": "Rome", "place_name_right": "Rome",
           "lat_left": 12.5, "long_left": 41.9, "lat_right": 12.4, "long_right": 41.8}  # fmt: skip
    table(tmp_path / "votes.csv", [row])
    photo(tmp_path / f"{PULSE[0]}.jpg", 0)
    assert told(find(tmp_path)) == {PULSE[0]: ("Rome", None, None)}
    assert "do not show which number is the latitude" in caplog.text


def test_names_that_say_all_themselves(tmp_path):
    photo(tmp_path / "images" / f"-22.9_-43.2_{PULSE[0]}_RioDeJaneiro.JPG", 1)
    photo(tmp_path / "images" / f"41.9_12.5_{PULSE[1]}_Rome.jpg", 2)
    table(tmp_path / "qscores.tsv", [{"location_id": PULSE[0]}])
    assert told(find(tmp_path)) == {
        PULSE[0]: ("Rio De Janeiro", "-22.9", "-43.2"), PULSE[1]: ("Rome", "41.9", "12.5"),
    }  # fmt: skip


def test_photos_whose_city_nothing_names(tmp_path):
    photo(tmp_path / f"{PULSE[0]}.jpg", 1)
    with pytest.raises(InputError, match=r"no photo of Place Pulse 2.0 whose city is known. Put votes_clean.csv"):
        list(find(tmp_path))
