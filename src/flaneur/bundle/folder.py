"""A trained model in; a folder (or one .onnx file) that proves it is whole, and back.

Folder: ``card.json``, ``model.onnx``, ``golden/``, ``known/``, ``README.md``. Single file: the bytes of ``model.onnx``
followed by a few key-value notes that hold card and golden pictures. Appending notes to the bytes of an ONNX file gives
a valid ONNX file (protobuf joins what is concatenated), so the original bytes, and with them their hash, are kept.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from flaneur import settings
from flaneur.bundle.card import Card, card_from_json, card_to_json
from flaneur.bundle.golden import Golden, answers, draw_pictures, replay
from flaneur.bundle.inference import open_session
from flaneur.bundle.known import KNOWN
from flaneur.errors import FlaneurError, InputError, IntegrityError, UsageError, counted
from flaneur.files import json_bytes, read_json, sha256_bytes, write_bytes, write_folder
from flaneur.onnx_files import graph as onnx_graph
from flaneur.onnx_files import proto as onnx_proto

MODEL, CARD, EXPECTED = "model.onnx", "card.json", "golden/expected.json"
_NOTE_CARD, _NOTE_GOLDEN, _NOTE_LENGTH = "flaneur_card", "flaneur_golden", "flaneur_model_bytes"
_MAX_SMALL_FILE = 16 << 20
_FOLDER_ONLY = ("README.md", KNOWN)


@dataclass(frozen=True, slots=True)
class Bundle:
    """A model that was read and whose files are what its card says.

    Args:
        card: what it is.
        model: the bytes of the ONNX file.
        golden: pictures with expected answers.
        path: where it came from.
        known: photos of its cities as the network sees them, for :func:`flaneur.bundle.known.read_known`; empty where
            it keeps none.
    """

    card: Card
    model: bytes
    golden: Golden
    path: Path
    known: bytes = field(default=b"", repr=False)


def resolve(name: str | Path) -> Path:
    """Where a model lies.

    Args:
        name: ``base`` for the bundled model, a name below ``home()/models``, a bundle's folder, or an ``.onnx`` file.

    Raises:
        InputError: there is none.
    """
    path = Path(name)
    if path.suffix == ".onnx" and path.is_file():
        return path
    base = bundled_base()
    if str(name) != "base" or (path / CARD).is_file():
        return settings.resolve("models", name, CARD, beside=["base"] if (base / CARD).is_file() else [])
    if not (base / CARD).is_file():
        raise InputError("This installation has no bundled model. Train one with 'flaneur train' and name it.")
    return base


def bundled_base() -> Path:
    """Where the bundled model lies, if this installation has one."""
    return Path(__file__).parents[1] / "bundled" / "base"


def read_bundle(name: str | Path) -> Bundle:
    """Read a model and check every file against its card.

    Args:
        name: see :func:`resolve`.

    Raises:
        InputError: there is none, or it cannot be read.
        IntegrityError: tampered with, incomplete, unsafe, or made by a newer flaneur.
    """
    path = resolve(name)
    if path.is_file():
        return _read_single(path)
    card = card_from_json(read_json(path / CARD), str(path / CARD))
    contents = {name: _read_checked(path, name, digest) for name, digest in card.files.items()}
    if MODEL not in contents:
        raise IntegrityError(f"{path / CARD}: lists no {MODEL}. Get the model again.")
    onnx_proto.load(contents[MODEL])
    return Bundle(card, contents[MODEL], _golden(contents, path), path, contents.get(KNOWN, b""))


def _read_checked(folder: Path, name: str, digest: str) -> bytes:
    pure = PurePosixPath(name)
    if pure.is_absolute() or ".." in pure.parts or "\\" in name or ":" in name:
        raise IntegrityError(f"{folder / CARD}: file name {name!r} leads out of the model's folder.")
    path = folder / name
    try:
        if name != MODEL and path.stat().st_size > _MAX_SMALL_FILE:
            raise IntegrityError(f"{path}: larger than {_MAX_SMALL_FILE >> 20} MiB. Get the model again.")
        data = onnx_proto.read_limited(path)
    except (OSError, InputError) as error:
        raise IntegrityError(f"{path}: missing or unreadable, so the model is incomplete. Get it again.") from error
    if sha256_bytes(data) != digest:
        raise IntegrityError(f"{path}: changed since the model was written. Get the model again.")
    return data


def _golden(contents: dict[str, bytes], where: Path) -> Golden:
    pictures = {PurePosixPath(name).name: data for name, data in contents.items() if name.endswith(".png")}
    try:
        expected = json.loads(contents.get(EXPECTED, b"{}"))
    except ValueError as error:
        raise IntegrityError(f"{where}: {EXPECTED} is not JSON ({error}).") from error
    return Golden(pictures, expected)


def _golden_files(golden: Golden) -> dict[str, bytes]:
    pictures = {f"golden/{name}": picture for name, picture in sorted(golden.pictures.items())}
    return pictures | {EXPECTED: (json.dumps(golden.expected, indent=2) + "\n").encode()}


def make_golden(model: bytes, card: Card) -> Golden:
    """Draw the pictures and record what the model says of them."""
    pictures = draw_pictures()
    return Golden(pictures, answers(open_session(model), card.preprocess, pictures))


def refuse_other_files(folder: Path) -> None:
    """Nothing, if a model may be written there.

    Raises:
        UsageError: the folder holds something else than a model, or is a file.
    """
    if folder.is_file() or (folder.is_dir() and not (folder / CARD).is_file() and any(folder.iterdir())):
        raise UsageError(f"{folder}: holds files that are no model. Choose another folder.")


def write_bundle(
    folder: Path,
    model: onnx_proto.Proto | bytes,
    card: Card,
    *,
    golden: Golden | None = None,
    readme: str = "",
    known: bytes = b"",
) -> Bundle:
    """Write a model whole or not at all; one that is there already is replaced.

    Args:
        folder: where to.
        model: with outputs ``logits``, ``embedding`` and, where the card has a novelty method, ``novelty``.
        card: its ``files`` are filled in here.
        golden: expected answers computed elsewhere, for parity; computed from the model by default.
        readme: the model card for people; a short one by default.
        known: from :func:`flaneur.bundle.known.pack`, where the model keeps any.

    Raises:
        UsageError: the folder holds something else.
        IntegrityError: the model does not do what card and golden say; nothing is written.
    """
    refuse_other_files(folder)
    data = model if isinstance(model, bytes) else onnx_proto.to_bytes(model)
    onnx_proto.load(data)
    golden = golden or make_golden(data, card)
    contents = {
        MODEL: data,
        **_golden_files(golden),
        "README.md": (readme or short_readme(card)).encode(),
        **({KNOWN: known} if known else {}),
    }
    card = replace(card, files={name: sha256_bytes(content) for name, content in contents.items()})
    made = Bundle(card, data, golden, folder, known)
    if problems := verify_bundle(made):
        raise IntegrityError(f"{folder}: not written, since the model fails its own check: {'; '.join(problems)}.")
    write_folder(folder, contents | {CARD: json_bytes(card_to_json(card))})
    return made


def short_readme(card: Card) -> str:
    """A model card of a few lines."""
    cities, data = ", ".join(city.name for city in card.cities), card.dataset
    limits = "".join(f"- {limit}\n" for limit in card.limits) or "- It knows no other cities.\n"
    return (
        f"# {card.name} {card.version}\n\nTells {counted(len(card.cities), 'city')} apart: {cities}.\n\n"
        f"Learnt from {counted(data.photos, 'photo')} of {counted(data.places, 'place')} ({data.name}).\n\n"
        f"## What it cannot do\n\n{limits}"
    )


def verify_bundle(bundle: Bundle) -> list[str]:
    """What is wrong with a model, in words; empty if all is well.

    Its file hashes were checked when it was read. Here the graph is held against the card, and the golden pictures are
    replayed.
    """
    graph = onnx_proto.load(bundle.model)
    problems = _graph_problems(graph, bundle.card)
    if not bundle.golden.pictures:
        problems.append("it brings no golden pictures to replay")
    if not problems:
        try:
            problems += replay(open_session(bundle.model), bundle.card.preprocess, bundle.golden)
        except FlaneurError as error:
            problems.append(str(error))
    return problems


def _graph_problems(graph: onnx_proto.Proto, card: Card) -> list[str]:
    outputs = {output.name: output for output in graph.graph.output}
    wanted = ["logits", "embedding", *(["novelty"] if card.abstain.novelty_method else [])]
    if missing := [name for name in wanted if name not in outputs]:
        return [f"the graph lacks the output {name!r}" for name in missing]
    problems = []
    width = outputs["logits"].type.tensor_type.shape.dim[1].dim_value
    if width != len(card.cities):
        problems.append(f"the graph scores {counted(width, 'city')}, the card names {len(card.cities)}")
    if onnx_graph.embedding_dim(graph) != card.encoder.dim:
        problems.append(
            f"the embedding has {onnx_graph.embedding_dim(graph)} numbers, the card says {card.encoder.dim}"
        )
    if onnx_graph.encoder_hash(graph) != card.encoder.hash:
        problems.append("the encoder is not the one the card names")
    return problems


def export_single(bundle: Bundle, path: Path) -> None:
    """Write a model as one ``.onnx`` file with the card inside; :func:`read_bundle` and any ONNX runtime read it.

    Raises:
        UsageError: the path does not end in ``.onnx``.
    """
    if path.suffix != ".onnx":
        raise UsageError(f"{path}: a single-file model must be called something.onnx.")
    golden = {name: base64.b64encode(data).decode() for name, data in _golden_files(bundle.golden).items()}
    values = {
        _NOTE_CARD: json.dumps(card_to_json(bundle.card), ensure_ascii=False),
        _NOTE_GOLDEN: json.dumps(golden),
        _NOTE_LENGTH: str(len(bundle.model)),
    }
    write_bytes(path, bundle.model + onnx_proto.to_bytes(_notes(values)))


def _notes(values: dict[str, str]) -> onnx_proto.Proto:
    entries = [onnx_proto.message("StringStringEntryProto", key=key, value=value) for key, value in values.items()]
    return onnx_proto.message("ModelProto", metadata_props=entries)


def _read_single(path: Path) -> Bundle:
    data = onnx_proto.read_limited(path)
    notes = onnx_graph.get_metadata(onnx_proto.load(path))
    if _NOTE_CARD not in notes:
        raise IntegrityError(f"{path}: an ONNX model without flaneur's card. Write it with 'flaneur export'.")
    try:
        card = card_from_json(json.loads(notes[_NOTE_CARD]), str(path))
        length = int(notes[_NOTE_LENGTH])
        stored: dict[str, str] = json.loads(notes[_NOTE_GOLDEN])
        contents = {name: base64.b64decode(text, validate=True) for name, text in stored.items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise IntegrityError(f"{path}: its notes are damaged ({error}). Get the model again.") from error
    contents[MODEL] = data[:length]
    ours = {key: notes[key] for key in (_NOTE_CARD, _NOTE_GOLDEN, _NOTE_LENGTH)}
    listed = {name: digest for name, digest in card.files.items() if name not in _FOLDER_ONLY}
    whole = {name: sha256_bytes(content) for name, content in contents.items()} == listed
    if not whole or data[length:] != onnx_proto.to_bytes(_notes(ours)):
        raise IntegrityError(f"{path}: changed since the model was written. Get the model again.")
    return Bundle(card, contents[MODEL], _golden(contents, path), path)
