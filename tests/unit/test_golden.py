from dataclasses import replace

import numpy as np
import pytest

from bundles import SPEC, tiny_model
from flaneur.bundle.golden import Golden, answers, draw_pictures, replay
from flaneur.bundle.inference import open_session
from flaneur.decode import decode
from flaneur.errors import IntegrityError
from flaneur.onnx_files import proto as onnx_proto


@pytest.fixture(scope="module")
def session():
    return open_session(onnx_proto.to_bytes(tiny_model(3)))


@pytest.fixture(scope="module")
def golden(session):
    pictures = draw_pictures()
    return Golden(pictures, answers(session, SPEC, pictures))


def test_pictures_are_seeded_different_and_small():
    pixels = [np.asarray(decode(data).image) for data in draw_pictures().values()]
    again = [np.asarray(decode(data).image) for data in draw_pictures().values()]
    assert all((one == two).all() for one, two in zip(pixels, again, strict=True))
    assert all(picture.shape == (160, 213, 3) and picture.std() > 20 for picture in pixels)
    assert not (pixels[0] == pixels[1]).all()
    assert sum(map(len, draw_pictures().values())) < 100_000


def test_replay_is_silent_when_all_is_well(session, golden):
    assert len(golden.expected) == 4
    assert replay(session, SPEC, golden) == []


def test_replay_names_a_difference(session, golden):
    spoilt = {name: dict(row) for name, row in golden.expected.items()}
    spoilt["picture-2.png"]["logits"] = [value + 0.01 for value in spoilt["picture-2.png"]["logits"]]
    spoilt["picture-3.png"]["novelty"] = None
    problems = replay(session, SPEC, replace(golden, expected=spoilt))
    assert problems == [
        "golden/picture-2.png: off by 0.01, more than 0.001",
        "golden/picture-3.png: 4 numbers, expected 3",
    ]


def test_missing_answers_are_an_error(session, golden):
    with pytest.raises(IntegrityError, match=r"no usable answers for picture-1\.png"):
        replay(session, SPEC, replace(golden, expected={}))
