from html.parser import HTMLParser

from flaneur.draw import prediction_html
from flaneur.types import City, CityScore, Location, Prediction


def prediction(**changes):
    ranking = tuple(
        CityScore(City(slug, name), p, 0.0) for slug, name, p in [("paris", "Paris <b>", 0.75), ("rome", "Rome", 0.25)]
    )
    facts = {"abstained": False, "reason": "", "novelty": 0.31, "views": 1, "model": "tiny 1.0"}
    return Prediction(ranking, **(facts | changes))


class Balanced(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.seen = [], []

    def handle_starttag(self, tag, attributes):
        self.seen.append((tag, dict(attributes)))
        if tag != "img":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def parsed(html):
    parser = Balanced()
    parser.feed(html)
    assert parser.open == []
    return parser.seen


def test_bars_are_as_long_as_the_probabilities_and_text_is_escaped():
    html = prediction_html(prediction(photo="<script>alert(1)</script>.jpg"))
    tags = [tag for tag, _ in parsed(html)]
    assert "script" not in tags
    assert "b" not in tags
    assert "Paris &lt;b&gt;" in html
    assert "width:75.0%" in html
    assert "width:25.0%" in html


def test_nothing_is_fetched():
    html = prediction_html(prediction(thumbnail=b"\xff\xd8jpeg"))
    (image,) = [attributes for tag, attributes in parsed(html) if tag == "img"]
    assert image["src"].startswith("data:image/jpeg;base64,")
    assert "http" not in html


def test_abstaining_says_why():
    html = prediction_html(prediction(abstained=True, reason="It looks <new>."))
    assert "None of the cities I know" in html
    assert "It looks &lt;new&gt;." in html


def test_gps_is_shown_as_unused():
    html = prediction_html(prediction(gps_in_file=Location(48.8566, 2.3522), views=3))
    assert "48.85660, 2.35220 (not used for the answer)" in html
    assert "3 views fused" in html


def test_a_prediction_draws_itself():
    drawn = prediction()
    assert drawn._repr_html_() == prediction_html(drawn)
