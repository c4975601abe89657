import json

import pytest

from bundles import CITIES, tiny_card
from flaneur.bundle.card import CARD_FORMAT, Card, card_from_json, card_to_json
from flaneur.errors import IntegrityError
from flaneur.files import sha256_json


def resealed(**changes):
    value = card_to_json(tiny_card()) | changes
    value.pop("card_sha256")
    return value | {"card_sha256": sha256_json(value)}


def test_round_trip_through_json_text():
    card = tiny_card()
    again = card_from_json(json.loads(json.dumps(card_to_json(card))), "card.json")
    assert again == card
    assert again.cities == CITIES
    assert again.cities[0].aliases == ("Lutetia",)


def test_tuples_in_free_fields_do_not_change_the_hash():
    card = tiny_card(metrics={"confusion": ((1, 2), (3, 4))}, training={"strengths": (0.1, 1.0)})
    again = card_from_json(json.loads(json.dumps(card_to_json(card))), "card.json")
    assert again.metrics == {"confusion": [[1, 2], [3, 4]]}


def test_a_changed_card_is_refused():
    value = card_to_json(tiny_card())
    value["temperature"] = 1.6
    with pytest.raises(IntegrityError, match=r"card\.json: changed since it was written"):
        card_from_json(value, "card.json")


def test_a_newer_card_says_so():
    with pytest.raises(IntegrityError, match=f"made by a newer flaneur .format {CARD_FORMAT + 1}"):
        card_from_json(resealed(format=CARD_FORMAT + 1, surprise=1), "card.json")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"temprature": 1}, "unknown key 'temprature'. Did you mean 'temperature'"),
        ({"cities": []}, "needs cities"),
        ({"temperature": 0}, "must be positive"),
        ({"fusion": "vote"}, "fusion 'vote'"),
        ({"encoder": {"name": "x"}}, "not a valid card"),
        ({"encoder": 3}, "not the card"),
        ({"cities": [{"slug": "X y"}]}, "not a valid card"),
        ({"files": 3}, "not a valid card"),
    ],
)
def test_a_resealed_but_senseless_card_is_refused(changes, says):
    with pytest.raises(IntegrityError, match=says):
        card_from_json(resealed(**changes), "card.json")


@pytest.mark.parametrize("value", [None, [], "x", {}, {"format": 1}, {"format": "one"}])
def test_other_json_is_no_card(value):
    with pytest.raises(IntegrityError, match="not the card"):
        card_from_json(value, "card.json")


def test_a_city_named_twice_is_refused():
    with pytest.raises(IntegrityError, match="each of them once"):
        tiny_card((CITIES[0], CITIES[0]))


def test_every_field_is_documented():
    assert all(f"\n        {name}:" in Card.__doc__ for name in Card.__dataclass_fields__)
