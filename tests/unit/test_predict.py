import numpy as np
import pytest

import photos
from bundles import CITIES, tiny_bundle
from flaneur.bundle.card import AbstainRule
from flaneur.bundle.inference import open_session
from flaneur.decode import decode
from flaneur.errors import PhotoError, UsageError
from flaneur.predict import Model, load
from flaneur.preprocess import preprocess


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return Model(tiny_bundle(tmp_path_factory.mktemp("models") / "tiny"))


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos")
    return [photos.save(folder / f"{seed}.jpg", seed) for seed in range(20)]


def by_hand(model, paths, subset=None):
    """Fused probabilities, from the definition."""
    session = open_session(model.bundle.model)
    logs = []
    for path in paths:
        image = preprocess(decode(path, at_least_px=32).image, model.card.preprocess)
        z = session.run(["logits"], {"image": image[None]})[0][0].astype(np.float64) / model.card.temperature
        logs.append(z - np.log(np.exp(z).sum()))
    p = np.exp(np.mean(logs, axis=0))
    p = p if subset is None else p[subset]
    return p / p.sum()


def test_probabilities_equal_the_definition(model, paths):
    prediction = model.predict(paths[0])
    found = {score.city.slug: score.probability for score in prediction.ranking}
    expected = dict(zip([city.slug for city in CITIES], by_hand(model, paths[:1]), strict=True))
    assert found == pytest.approx(expected, abs=1e-6)
    assert sum(found.values()) == pytest.approx(1)
    assert [score.probability for score in prediction.ranking] == sorted(found.values(), reverse=True)
    assert prediction.city == max(expected, key=expected.get)
    assert (prediction.views, prediction.photo, prediction.model) == (1, str(paths[0]), "tiny 1.0")


def test_views_are_fused_in_log_space_and_novelty_is_their_mean(model, paths):
    views = paths[:4]
    fused = model.predict(views)
    order = [score.city.slug for score in fused.ranking]
    expected = dict(zip([city.slug for city in CITIES], by_hand(model, views), strict=True))
    assert [score.probability for score in fused.ranking] == pytest.approx([expected[slug] for slug in order], abs=1e-6)
    singles = [model.predict(path) for path in views]
    assert fused.novelty == pytest.approx(np.mean([single.novelty for single in singles]), abs=1e-6)
    mean_logit = np.mean([{s.city.slug: s.logit for s in single.ranking}[order[0]] for single in singles])
    assert fused.ranking[0].logit == pytest.approx(mean_logit, abs=1e-5)
    assert fused.views == 4


def test_choosing_among_some_cities_renormalises(model, paths):
    prediction = model.predict(paths[1], cities=["sao-paulo", "paris"])
    found = {score.city.slug: score.probability for score in prediction.ranking}
    paris, sao = by_hand(model, paths[1:2], [0, 2])
    assert found == pytest.approx({"paris": paris, "sao-paulo": sao}, abs=1e-6)


def test_unknown_cities_are_suggested_before_any_photo_is_read(model):
    with pytest.raises(UsageError, match=r"knows no city 'pari'\. Did you mean 'paris'"):
        model.predict_many([], cities=["pari"])
    with pytest.raises(UsageError, match="It knows: paris, rome, sao-paulo"):
        model.predict("x.jpg", cities=["zzz"])
    with pytest.raises(UsageError, match="no city to choose among"):
        model.predict("x.jpg", cities=[])


def test_paths_text_bytes_and_pictures_give_the_same(model, paths):
    data = paths[2].read_bytes()
    expected = model.predict(paths[2]).ranking
    assert model.predict(str(paths[2])).ranking == expected
    assert model.predict(data).ranking == expected
    picture = model.predict(decode(data).image).ranking
    assert [score.city for score in picture] == [score.city for score in expected]


@pytest.mark.parametrize("tags", [{}, {"lat": 48.8566, "lon": 2.3522}, {"lat": -33.8688, "lon": 151.2093}])
def test_gps_is_a_separate_fact_and_never_changes_the_answer(model, tmp_path, tags):
    plain = model.predict(photos.jpeg(photos.drawn(5)))
    tagged = model.predict(photos.save(tmp_path / "berlin-summer.jpg", 5, **tags))
    assert tagged.ranking == plain.ranking
    assert tagged.novelty == plain.novelty
    if tags:
        assert (tagged.gps_in_file.lat, tagged.gps_in_file.lon) == pytest.approx((tags["lat"], tags["lon"]), abs=1e-4)
    else:
        assert tagged.gps_in_file is None


def test_many_places_come_in_order_and_equal_single_answers(model, paths):
    places = [(number, paths[number : number + 1 + number % 3]) for number in range(15)]
    answers = list(model.predict_many(places))
    assert [answer.key for answer in answers] == list(range(15))
    for (_, views), answer in zip(places, answers, strict=True):
        alone = model.predict(views)
        assert answer.prediction.views == len(views)
        assert answer.prediction.novelty == pytest.approx(alone.novelty, abs=1e-5)
        assert answer.prediction.probability == pytest.approx(alone.probability, abs=1e-5)


def test_unreadable_views_are_named_and_the_others_answered(model, paths, tmp_path):
    (tmp_path / "bad.jpg").write_text("no picture")
    bad, none = tmp_path / "bad.jpg", tmp_path / "none.jpg"
    mixed, hopeless, good = model.predict_many([("a", [bad, paths[0], none]), ("b", [none]), ("c", [paths[1]])])
    assert mixed.prediction.views == 1
    assert [(name, error.code) for name, error in mixed.failed] == [
        (str(bad), "not_an_image"), (str(none), "not_found"),
    ]  # fmt: skip
    assert hopeless.prediction is None
    assert good.failed == ()
    assert good.prediction.ranking[0].city in CITIES
    with pytest.raises(PhotoError):
        model.predict([paths[0], bad])


def test_no_photo_is_a_usage_error(model):
    with pytest.raises(UsageError, match="at least one photo"):
        model.predict([])
    with pytest.raises(UsageError, match="place 'x' has no photo"):
        list(model.predict_many([("x", [])]))


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        (AbstainRule("neighbours", -1.0), "looks unlike the photos of the 3 cities"),
        (AbstainRule("neighbours", 5.0, 1.1), "No city is probable enough"),
        (AbstainRule("neighbours", None), ""),
    ],
)
def test_abstaining_follows_the_card_and_says_why(tmp_path, paths, rule, says):
    prediction = Model(tiny_bundle(tmp_path / "m", abstain=rule)).predict(paths[0])
    assert prediction.abstained == bool(says)
    assert says in prediction.reason
    assert (prediction.city is None) == bool(says)
    assert len(prediction.ranking) == 3


def test_scores_then_fuse_equals_predict(model, paths):
    found = [score for _, score in model.scores(paths[:3])]
    assert found[0].embedding.shape == (12,)
    fused = model.fuse(found, cities=["paris", "rome"], photo="place 7")
    direct = model.predict(paths[:3], cities=["paris", "rome"])
    assert fused.photo == "place 7"
    assert fused.probability == pytest.approx(direct.probability, abs=1e-5)


def test_load_takes_folders_and_single_files(model, paths, tmp_path):
    from flaneur.bundle.folder import export_single

    export_single(model.bundle, tmp_path / "one.onnx")
    expected = model.predict(paths[0]).ranking
    assert load(tmp_path / "one.onnx").predict(paths[0]).ranking == expected
    assert load(str(model.bundle.path)).predict(paths[0]).ranking == expected


def test_repr_names_the_cities(model):
    assert repr(model) == "<flaneur model tiny 1.0: paris, rome, sao-paulo>"
