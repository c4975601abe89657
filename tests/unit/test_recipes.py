"""The recipes that flaneur brings: each can be read and built, and quotes its paper."""

from __future__ import annotations

from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest

from flaneur.errors import UsageError
from flaneur.training.recipes.recipe_file import read_recipe, variant_names
from flaneur.training.recipes.shipped import recipe_folder, recipe_names, recipe_path

PAPERS = ("city-guesser", "littleplanet", "three-views", "gsv-cities-23", "urban-characteristics")
EVERY = [(name, variant) for name in recipe_names() for variant in variant_names(recipe_path(name)) or [None]]
PAPER_VARIANTS = [(name, variant) for name, variant in EVERY if name in PAPERS]
NEVER_AUGMENTED = ("grey", "blur", "jpeg", "shrink", "erase")


def test_the_papers_and_ours_are_there():
    ours = {"base", "finetune", "probe", "small"}
    assert {*PAPERS, *ours} <= set(recipe_names())
    assert {path.stem for path in recipe_folder().glob("*.toml")} == set(recipe_names())


def test_a_name_that_is_none_is_answered_with_those_there_are():
    with pytest.raises(UsageError, match=r"No recipe called 'nothing-like-it'\. flaneur brings: base, .*three-views"):
        recipe_path("nothing-like-it")


def test_where_a_paper_is_wanted_only_those_that_follow_one_are_listed():
    with pytest.raises(UsageError, match="No recipe called 'nope'") as caught:
        recipe_path("nope", of_papers=True)
    assert all(name in str(caught.value) for name in PAPERS)
    assert "probe" not in str(caught.value)


def test_ours_are_called_by_their_name(tmp_path):
    with pytest.raises(UsageError, match=r"^probe has no variants"):
        read_recipe(recipe_path("probe"), "x")
    (tmp_path / "mine.toml").write_text('name = "mine"')
    with pytest.raises(UsageError, match=r"^/.*mine\.toml has no variants"):
        read_recipe(tmp_path / "mine.toml", "x")


@pytest.mark.parametrize(("name", "variant"), PAPER_VARIANTS)
def test_a_papers_recipe_quotes_it_and_adds_nothing_of_ours(name, variant):
    recipe = read_recipe(recipe_path(name), variant)
    paper, training = recipe.paper, recipe.training
    assert paper is not None
    for text in (paper.title, paper.cite, paper.photos, paper.protocol):
        assert len(text) > 20
    assert paper.unsaid or variant == "clip-probe"
    assert paper.results or variant == "clip-probe"  # that one the paper lacks
    assert all(0 < result.value <= 1 and result.note for result in paper.results)
    assert paper.cities or name == "urban-characteristics"  # which names none
    assert all(abs(city.lat) <= 90 and abs(city.lon) <= 180 for city in paper.cities)
    ours = (training.balance, training.ema, training.mixup, training.cutmix, training.label_smoothing, training.clip)
    assert not any(ours)
    assert not training.warmup_epochs
    assert not recipe.network.standardise
    assert not any(getattr(recipe.augment, key) for key in NEVER_AUGMENTED)
    assert recipe.head.kind == ("logistic" if variant == "clip-probe" else "trained")


def test_numbers_of_cities_are_those_of_the_papers():
    counts = {name: len(read_recipe(recipe_path(name)).paper.cities) for name in PAPERS}
    assert counts == {
        "city-guesser": 16, "littleplanet": 10, "three-views": 8, "gsv-cities-23": 23, "urban-characteristics": 0,
    }  # fmt: skip


def test_the_macro_recall_of_littleplanet_is_the_mean_of_its_table():
    by_city = [0.785, 0.820, 0.875, 0.735, 0.840, 0.405, 0.479, 0.640, 0.615, 0.785]
    told = {result.what: result.value for result in read_recipe(recipe_path("littleplanet")).paper.results}
    assert told["macro_recall"] == pytest.approx(sum(by_city) / 10, abs=5e-4)


@pytest.mark.parametrize("name", PAPERS)
def test_the_page_about_the_papers_has_every_number_and_variant(name):
    page = (Path(__file__).parents[2] / "docs/explanation/papers.md").read_text("utf-8")
    for variant in variant_names(recipe_path(name)):
        assert f"`{variant}`" in page
        for result in read_recipe(recipe_path(name), variant).paper.results:
            if result.value == 0.07:  # "around seven percent"
                continue
            said = {f"{100 * result.value:.{digits}f}{sign}" for digits in (0, 1, 2) for sign in (" %", "%")}
            said |= {f"{result.value:.{digits}f}".removeprefix("0") for digits in (2, 3, 4)}
            assert any(one in page for one in said), (variant, result)
    assert page.count("<!-- measured -->") == 2  # between them the table that was measured stands


_HAS_TORCH = all(find_spec(name) for name in ("torch", "timm", "safetensors"))
needs_torch = pytest.mark.skipif(not _HAS_TORCH, reason="needs the train extra")


@pytest.mark.train
@needs_torch
@pytest.mark.parametrize(("name", "variant"), EVERY)
def test_every_recipe_holds_together(name, variant):
    from flaneur.training.recipes.check import check_recipe

    recipe = read_recipe(recipe_path(name), variant)
    # without its weights: what a machine lacks is not the recipe's fault
    start = "pretrained" if recipe.network.head_start == "text" else "random"
    bare = replace(recipe.network, initial=start, initial_share=0.0)
    if recipe.network.backbone.startswith("clip/") and find_spec("open_clip") is None:
        pytest.skip("needs open_clip")
    if start == "pretrained":
        pytest.skip("needs CLIP's weights")
    check_recipe(replace(recipe, network=bare, members=()))


@pytest.mark.train
@needs_torch
def test_paper_000_has_the_parameters_it_tells_of():
    """'over 17 million parameters … only around 2 million of them are trainable'"""
    import torch

    from flaneur.models.network import build_network

    rule = replace(read_recipe(recipe_path("city-guesser")).network, initial="random")
    with torch.device("meta"):
        network = build_network(rule, 16, size_px=rule.size_px)
    every = [weights.numel() for weights in network.parameters()]
    trained = [weights.numel() for weights in network.parameters() if weights.requires_grad]
    assert (sum(every), sum(trained)) == (17_245_404, 2_530_716)
