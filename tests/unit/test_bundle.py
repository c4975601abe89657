import copy
import json

import numpy as np
import onnx
import onnxruntime
import pytest

from bundles import CITIES, tiny_bundle, tiny_card, tiny_encoder, tiny_model
from flaneur.bundle.card import AbstainRule, card_to_json
from flaneur.bundle.folder import bundled_base, export_single, read_bundle, resolve, verify_bundle, write_bundle
from flaneur.bundle.golden import Golden
from flaneur.errors import InputError, IntegrityError, UsageError
from flaneur.onnx_files import graph as onnx_graph
from flaneur.onnx_files import proto as onnx_proto


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    return tiny_bundle(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture
def bundle(tmp_path):
    return tiny_bundle(tmp_path / "tiny")


def test_what_is_written_is_read(written):
    read = read_bundle(written.path)
    assert read == written
    assert read.card.cities == CITIES
    assert sorted(read.card.files) == [
        "README.md", "golden/expected.json", *(f"golden/picture-{n}.png" for n in range(1, 5)), "model.onnx",
    ]  # fmt: skip
    assert verify_bundle(read) == []
    onnx.checker.check_model(onnx.load_from_string(read.model), full_check=True)


def test_writing_again_replaces_and_leaves_nothing_behind(bundle):
    tiny_bundle(bundle.path, version="2.0")
    assert read_bundle(bundle.path).card.version == "2.0"
    assert [path.name for path in bundle.path.parent.iterdir()] == ["tiny"]


def test_a_folder_of_other_things_is_not_replaced(tmp_path):
    (tmp_path / "letters.txt").write_text("dear")
    with pytest.raises(UsageError, match="holds files that are no model"):
        tiny_bundle(tmp_path)
    assert (tmp_path / "letters.txt").read_text() == "dear"


@pytest.mark.parametrize(
    "name", ["model.onnx", "golden/picture-1.png", "golden/expected.json", "README.md", "card.json"]
)
@pytest.mark.parametrize("position", [0.1, 0.5, 0.9])
def test_one_flipped_bit_anywhere_is_noticed(bundle, name, position):
    path = bundle.path / name
    data = bytearray(path.read_bytes())
    data[int(len(data) * position)] ^= 1
    path.write_bytes(data)
    with pytest.raises(IntegrityError, match=path.name.replace(".", r"\.")):
        read_bundle(bundle.path)


def test_a_missing_file_is_named(bundle):
    (bundle.path / "golden/picture-2.png").unlink()
    with pytest.raises(IntegrityError, match=r"picture-2\.png: missing"):
        read_bundle(bundle.path)


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "a/../../b", "..\\x", "c:x"])
def test_names_that_lead_out_of_the_folder_are_refused(bundle, name):
    card = json.loads((bundle.path / "card.json").read_text())
    card["files"][name] = "0" * 64
    reseal(bundle.path, card)
    with pytest.raises(IntegrityError, match="leads out of the model's folder"):
        read_bundle(bundle.path)


def reseal(folder, card):
    from flaneur.files import sha256_json

    card.pop("card_sha256", None)
    card["card_sha256"] = sha256_json(card)
    (folder / "card.json").write_text(json.dumps(card))


def test_external_data_is_refused_even_when_the_hashes_agree(bundle):
    from flaneur.files import sha256_bytes

    model = onnx_proto.load(bundle.model)
    model.graph.initializer[0].external_data.add(key="location", value="../../../etc/passwd")
    data = onnx_proto.to_bytes(model)
    (bundle.path / "model.onnx").write_bytes(data)
    card = json.loads((bundle.path / "card.json").read_text())
    card["files"]["model.onnx"] = sha256_bytes(data)
    reseal(bundle.path, card)
    with pytest.raises(IntegrityError, match="outside the file"):
        read_bundle(bundle.path)


def test_a_newer_bundle_says_so(bundle):
    card = json.loads((bundle.path / "card.json").read_text()) | {"format": 2}
    reseal(bundle.path, card)
    with pytest.raises(IntegrityError, match="made by a newer flaneur"):
        read_bundle(bundle.path)


def test_nothing_is_written_when_the_model_fails_its_own_check(tmp_path):
    with pytest.raises(IntegrityError, match="scores 3 cities, the card names 2"):
        write_bundle(tmp_path / "m", tiny_model(3), tiny_card(CITIES[:2]))
    with pytest.raises(IntegrityError, match="lacks the output 'logits'"):
        write_bundle(tmp_path / "m", tiny_encoder(), tiny_card(), golden=Golden({"a.png": b""}, {}))
    assert not (tmp_path / "m").exists()


def test_parity_with_answers_computed_elsewhere_is_checked(written, tmp_path):
    expected = copy.deepcopy(written.golden.expected)
    expected["picture-1.png"]["logits"][0] += 0.5
    with pytest.raises(IntegrityError, match=r"picture-1\.png: off by 0\.5"):
        write_bundle(tmp_path / "m", written.model, written.card, golden=Golden(written.golden.pictures, expected))


def test_an_encoder_that_is_not_the_cards_is_found(tmp_path):
    other = onnx_graph.append_head(tiny_encoder(seed=9), *head_and_novelty())
    with pytest.raises(IntegrityError, match="encoder is not the one"):
        write_bundle(tmp_path / "m", other, tiny_card())


def head_and_novelty():
    from bundles import tiny_head, tiny_novelty

    return tiny_head(3), tiny_novelty()


def test_a_model_without_novelty_is_whole(tmp_path):
    card = tiny_card(abstain=AbstainRule())
    write_bundle(tmp_path / "m", onnx_graph.append_head(tiny_encoder(), head_and_novelty()[0]), card)
    assert verify_bundle(read_bundle(tmp_path / "m")) == []


def test_one_file_holds_everything(written, tmp_path):
    path = tmp_path / "one.onnx"
    export_single(written, path)
    read = read_bundle(path)
    assert (read.card, read.model, read.golden) == (written.card, written.model, written.golden)
    assert verify_bundle(read) == []
    onnx.checker.check_model(onnx.load(path), full_check=True)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    assert json.loads(session.get_modelmeta().custom_metadata_map["flaneur_card"])["name"] == "tiny"
    image = np.zeros((1, 3, 32, 32), np.float32)
    assert session.run(["logits"], {"image": image})[0].shape == (1, 3)


@pytest.mark.parametrize("position", [0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.9999])
def test_one_flipped_bit_in_the_single_file_is_noticed(written, tmp_path, position):
    path = tmp_path / "one.onnx"
    export_single(written, path)
    data = bytearray(path.read_bytes())
    data[int(len(data) * position)] ^= 1
    path.write_bytes(data)
    with pytest.raises(IntegrityError, match=r"one\.onnx|tensor"):
        read_bundle(path)


def test_a_graph_appended_to_the_single_file_is_noticed(written, tmp_path):
    path = tmp_path / "one.onnx"
    export_single(written, path)
    more = onnx_proto.message("ModelProto", producer_name="someone else")
    path.write_bytes(path.read_bytes() + onnx_proto.to_bytes(more))
    with pytest.raises(IntegrityError, match="changed since"):
        read_bundle(path)


def test_other_onnx_files_are_named(tmp_path):
    onnx_proto.save(tiny_model(3), tmp_path / "plain.onnx")
    with pytest.raises(IntegrityError, match="without flaneur's card"):
        read_bundle(tmp_path / "plain.onnx")


def test_export_wants_an_onnx_name(written, tmp_path):
    with pytest.raises(UsageError, match=r"something\.onnx"):
        export_single(written, tmp_path / "model.bin")


def test_models_are_found_by_name(monkeypatch, tmp_path):
    monkeypatch.setenv("FLANEUR_HOME", str(tmp_path))
    tiny_bundle(tmp_path / "models" / "mine")
    assert resolve("mine") == tmp_path / "models" / "mine"
    assert resolve(str(tmp_path / "models" / "mine")) == tmp_path / "models" / "mine"
    with pytest.raises(InputError, match="Did you mean 'mine'"):
        resolve("mien")


def test_the_absence_of_the_bundled_model_is_one_clear_line(monkeypatch, tmp_path):
    monkeypatch.setattr("flaneur.bundle.folder.bundled_base", lambda: tmp_path / "none")
    with pytest.raises(InputError, match="has no bundled model"):
        read_bundle("base")


@pytest.mark.skipif(not (bundled_base() / "card.json").is_file(), reason="the bundled model is not built yet")
def test_the_bundled_model_is_whole_and_small():
    bundle = read_bundle("base")
    assert verify_bundle(bundle) == []
    assert len(bundle.model) <= 10_000_000


def test_the_card_file_is_what_card_to_json_says(written):
    assert json.loads((written.path / "card.json").read_text()) == json.loads(json.dumps(card_to_json(written.card)))


def test_the_bundled_model_lies_where_it_is_looked_for():
    assert (bundled_base() / "card.json").is_file()
