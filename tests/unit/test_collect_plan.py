"""What an order will take: against hand arithmetic; prices that are dated, checked and overridden."""

import json
from types import SimpleNamespace

import pytest

from flaneur.area import Disc, Points
from flaneur.collect.order import Errand, Order
from flaneur.collect.plan import plan
from flaneur.collect.prices import price, price_of, prices
from flaneur.errors import InputError, UsageError
from flaneur.protocols import Limit, Terms, Wish
from flaneur.sources import google_places, google_street_view
from flaneur.types import City, Location

PORTO = City("porto-pt", "Porto", "PT", Location(41.15, -8.61))
ROME = City("rome-it", "Rome", "IT", Location(41.89, 12.48))


def terms(may_store=True):
    return Terms("Someone", "CC0-1.0", "{author}", may_store, "Allowed.", "https://example.org", "2026-11-21")


def source(**more):
    limits = {"search": Limit(1, 2.0), "image": Limit(100, 1.0)}
    return SimpleNamespace(TERMS=terms(), LIMITS=limits, RADIUS_M=50.0, BASES={}, KEY=None, **more)


def order(module, count=100, wish=None, name="someone", **more):
    errands = [Errand(city, Disc(city.centre, 5.0), count, **more) for city in (PORTO, ROME)]
    return Order(name, module, tuple(errands), wish or Wish())


def found_order(places):
    return Order("someone", source(), (Errand(PORTO, places, 100),))


def never(name, sku):
    return 0


def test_a_free_source():
    found = plan(order(source()))
    assert found.places == {"porto-pt": 100, "rome-it": 100}
    assert found.square_km["rome-it"] == pytest.approx(78.5, abs=0.1)
    (step,) = found.steps
    assert step.requests == {"search": 400, "image": 200}  # two spots a place
    assert step.at_most == {"search": 6000, "image": 200}  # thirty
    assert step.minutes == pytest.approx(400 * 2 / 60)  # a search every two seconds
    assert found.photos == (200, 200)
    assert list(found.lines())[:3] == [
        "Someone: 200 photos, if all places are found:", "  porto-pt: 100 places in 79 km²",
        "  rome-it: 100 places in 79 km²",
    ]  # fmt: skip
    assert "13 minutes; free" in list(found.lines())[3]


def test_slow_replies_take_time_too():
    quick = SimpleNamespace(**vars(source(AT_ONCE=1)) | {"LIMITS": {"search": Limit(1000, 1.0)}})
    assert plan(order(quick)).steps[0].minutes == pytest.approx(400 * 0.5 / 60)


def test_panoramas_are_cut_into_views():
    assert plan(order(source(), wish=Wish(views=3))).photos == (200, 600)
    assert plan(order(source(), wish=Wish(views=3, panoramas="only"))).photos == (600, 600)
    assert plan(order(source(), wish=Wish(views=3, panoramas="no"))).photos == (200, 200)


def test_what_is_done_is_not_planned_again():
    assert plan(order(source()), done={"porto-pt": 100, "rome-it": 70}).steps[0].requests == {"search": 60, "image": 30}
    nothing = plan(order(source()), done={"porto-pt": 100, "rome-it": 100})
    assert nothing.steps[0].requests == {}
    assert list(nothing.lines()) == [
        "Someone: finished; nobody would be asked:", "  porto-pt: 100 places, which is enough",
        "  rome-it: 100 places, which is enough",
    ]  # fmt: skip
    begun = list(plan(order(source(), count=30), done={"porto-pt": 6}).lines())
    assert begun[1:3] == ["  porto-pt: 6 of 30 places are there; 24 to go in 79 km²", "  rome-it: 30 places in 79 km²"]


def test_a_list_of_positions_is_looked_at_once():
    places = Points(tuple(Location(41 + number / 1000, -8.6) for number in range(7)))
    found = plan(found_order(places))
    assert found.steps[0].at_most == {"search": 7, "image": 7}
    assert found.photos == (7, 7)
    assert list(found.lines())[1].startswith("  porto-pt: 7 places at most, of 100 wanted, in ")
    seen = plan(found_order(places), done={"porto-pt": 4}, left={"porto-pt": 0})
    assert list(seen.lines()) == [
        "Someone: finished; nobody would be asked:",
        "  porto-pt: 4 of 100 places are there; there is nowhere left to look",
    ]


def test_street_view_pays_for_pictures_alone_and_in_a_second_step():
    wanted = order(google_street_view, 2000, Wish(views=3, fov_deg=120.0), "google_street_view")
    found = plan(wanted, used=never)
    choosing, fetching = found.steps
    assert found.photos == (12_000, 12_000)
    assert (choosing.name, choosing.requests, choosing.bills) == ("collect", {"search": 8000}, ())
    (bill,) = fetching.bills
    assert (bill.requests, bill.used, bill.free_left) == (12_000, 0, 10_000)
    assert bill.cost == pytest.approx(2_000 * 0.007)
    (bill,) = plan(wanted, used=lambda name, sku: 9_000).steps[1].bills
    assert bill.cost == pytest.approx(11_000 * 0.007)
    assert bill.used == 9_000
    text = "\n".join(plan(wanted, used=never, budget=5.0).lines())
    assert "14.00 USD" in text
    assert "10,000 of 10,000 free ones are left this month" in text
    assert "2026-11-21" in text
    assert "more than the budget of 5 USD" in text
    told = json.loads(json.dumps(found.to_dict()))
    assert told["steps"][1]["billed"][0]["cost"] == 14.0
    assert told["photos"] == {"at_least": 12_000, "at_most": 12_000}


def test_places_pays_for_looking_as_well():
    wanted = order(google_places, 1000, Wish(panoramas="no"), "google_places")
    choosing, fetching = plan(wanted, used=lambda name, sku: 100_000).steps
    assert [bill.sku for bill in choosing.bills] == ["google.places_nearby_pro"]
    assert choosing.bills[0].cost == pytest.approx(4000 * 0.032)
    assert choosing.bills[0].most == pytest.approx(60_000 * 0.032)
    assert [bill.sku for bill in fetching.bills] == ["google.places_photo"]
    assert fetching.bills[0].cost == pytest.approx(2000 * 0.007)


def test_a_sum_is_what_its_requests_cost_one_by_one():
    seven = price_of("google.street_view_static")
    for used, count in ((0, 0), (0, 9_999), (9_999, 2), (99_990, 20), (0, 100_005), (250_000, 3)):
        one_by_one = sum(seven.of_next(number) for number in range(used, used + count))
        assert seven.of_many(used, count) == pytest.approx(one_by_one, rel=1e-9)


def test_shipped_prices_are_dated_and_cover_all_that_is_billed():
    assert all(entry.read_on >= "2026-11-21" and entry.url.startswith("https://") for entry in prices().values())
    for module in (google_street_view, google_places):
        assert set(module.BILLED.values()) <= set(prices())


OWN = """
["google.places_photo"]
name = "Photos, by contract"
currency = "EUR"
free = 0
steps = [[0, 5.0], [1000, 4]]
read_on = "2027-01-01"
url = ""
"""


@pytest.fixture
def own(tmp_path, monkeypatch):
    monkeypatch.setenv("FLANEUR_HOME", str(tmp_path))

    def write(text):
        (tmp_path / "prices.toml").write_text(text, "utf-8")

    return write


def test_own_prices_come_first(own):
    own(OWN)
    assert price("google.places_photo", 0) == 0.005
    assert price("google.places_photo", 1000) == 0.004
    assert price_of("google.places_photo").currency == "EUR"
    assert price("google.street_view_static", 10_000) == 0.007


@pytest.mark.parametrize(("text", "told"), [
    ("[google.places_photo]\nfree = 0", "needs quotes"), (OWN.replace("free", "fre"), "Did you mean 'free'"),
    (OWN.replace("free = 0\n", ""), "needs free"), (OWN.replace("[0, 5.0]", "[1, 5.0]"), "steps must be"),
    (OWN.replace("1000, 4", "1000, -4"), "steps must be"), (OWN.replace("free = 0", "free = true"), "steps must be"),
    ("x = 3", "must be a table"), ("[", "not readable as TOML"),
])  # fmt: skip
def test_prices_that_are_none_are_one_clear_line(own, text, told):
    own(text)
    with pytest.raises(InputError, match=told) as caught:
        prices()
    assert "prices.toml" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_nothing_is_taken_to_be_free():
    with pytest.raises(UsageError, match=r"Did you mean 'google\.places_photo'"):
        price("google.places_photos", 0)
    with pytest.raises(UsageError, match="No price"):
        plan(order(source(BILLED={"image": "some.thing"})), used=never)
