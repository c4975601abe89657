"""Photos whose city is told by one object at a known place, and models whose answer rests on it by construction.

Every city has the same streets: each drawn scene is there once a city, and nothing differs but one mosaic tile. Another
tile, the same in all cities, lies elsewhere in each photo: it catches the eye and tells nothing. A map of what speaks
for the city must lie on the first tile.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from flaneur.bundle.card import AbstainRule, Card, DatasetInfo, EncoderInfo
from flaneur.bundle.folder import Bundle, read_bundle, write_bundle
from flaneur.bundle.golden import Golden
from flaneur.dataset.toy_scene import View, draw_scene
from flaneur.dataset.toy_styles import STYLES
from flaneur.encoder import OnnxEncoder
from flaneur.onnx_files import graph as onnx_graph
from flaneur.onnx_files import proto as onnx_proto
from flaneur.onnx_files.graph import HeadParams
from flaneur.predict import Model
from flaneur.preprocess import preprocess
from flaneur.protocols import PreprocessSpec
from flaneur.training.heads.logistic import fit_strength
from flaneur.types import City

CITIES = (City("arles", "Arles"), City("bari", "Bari"), City("cork", "Cork"))
SIZE_PX, TILE_PX = 96, 16
"""Of the hand-built model: side of its square, and of a tile in it."""
SPEC = PreprocessSpec(size_px=SIZE_PX, mean=(0.5, 0.5, 0.5), std=(0.25, 0.25, 0.25))
_CELLS = 4  # a tile is 4 x 4 cells of one colour each
_SWING = 0.4  # a cell's channels are 0.5 plus or minus this
_THRESHOLD, _GAIN = 0.4, 14.0


@dataclass(frozen=True)
class MarkedPhoto:
    """One photo, wider than high; the network sees the square in its middle.

    Args:
        image: RGB, 4 wide to 3 high.
        city: number in :data:`CITIES`.
        box: left, top, right, bottom of the tile that tells the city, in pixels of the square.
        decoy: likewise, of the tile that tells nothing.
    """

    image: Image.Image
    city: int
    box: tuple[int, int, int, int]
    decoy: tuple[int, int, int, int]

    @property
    def slug(self) -> str:
        return CITIES[self.city].slug


def tile(number: int) -> NDArray[np.float32]:
    """``[4, 4, 3]`` of ±1, each channel as often up as down.

    0 to 2 are the cities': red and cyan rows, yellow and blue columns, green and magenta checks. 3 tells nothing: four
    black and white blocks.
    """
    row, column = np.mgrid[:_CELLS, :_CELLS]
    up = (row, column, row + column, row // 2 + column // 2)[number] % 2 == 0
    channels = ((1, -1, -1), (1, 1, -1), (-1, 1, -1), (1, 1, 1))[number]
    return np.where(up, 1, -1).astype(np.float32)[..., None] * np.array(channels, np.float32)


def marked_photos(scenes: int, *, seed: int = 0, size_px: int = SIZE_PX, tile_px: int = TILE_PX) -> list[MarkedPhoto]:
    """Every scene once a city, in that order: ``3 * scenes`` photos.

    Args:
        scenes: how many.
        seed: of scenes and places of tiles; another seed, other streets.
        size_px: height of the photos, side of the square; a multiple of 3.
        tile_px: side of a tile; a multiple of 4.
    """
    made = []
    for scene in range(scenes):
        rng = np.random.default_rng([seed, scene])
        view = View(yaw_deg=float(rng.uniform(-40, 40)), month=int(rng.integers(1, 13)), dashcam=False, size_px=320)
        street = draw_scene(STYLES[scene % len(STYLES)], view, rng, rng).resize((size_px * 4 // 3, size_px))
        place, decoy = _two_places(rng, size_px, tile_px)
        left = (street.width - size_px) // 2
        for city in range(len(CITIES)):
            pixels = np.asarray(street).copy()
            for number, (x, y) in ((3, decoy), (city, place)):
                pixels[y : y + tile_px, left + x : left + x + tile_px] = _drawn(number, tile_px)
            made.append(MarkedPhoto(Image.fromarray(pixels), city, _box(place, tile_px), _box(decoy, tile_px)))
    return made


def marked_card(spec: PreprocessSpec, encoder: Any, name: str) -> Card:
    """The card of a model on such photos."""
    info = EncoderInfo(f"tests/{name}", onnx_graph.encoder_hash(encoder), onnx_graph.embedding_dim(encoder))
    data = DatasetInfo("marked", "0" * 64, 120, 40, ("drawn",))
    return Card(name, "1.0", "2026-11-21", CITIES, info, spec, 1.0, AbstainRule(), data, limits=("It is a test.",))


def built_encoder() -> Any:
    """One channel a city: how well its tile fits, around each point.

    ``image [B, 3, 96, 96]`` to ``feature_map [B, 3, 12, 12]`` (cell i spans pixels 8i to 8i + 8, where the middle of a
    tile would be) and ``embedding [B, 3]``, its largest value. What fits worse than 0.4 counts as nothing.
    """
    side = TILE_PX // _CELLS
    weights = [tile(city).repeat(side, 0).repeat(side, 1).transpose(2, 0, 1) for city in range(len(CITIES))]
    fit = np.stack(weights) * (0.25 / _SWING / weights[0].size)  # a tile that fits exactly gives 1
    graph = onnx_proto.message(
        "GraphProto",
        name="marked",
        node=[
            onnx_proto.node("Conv", ["image", "tiles", "minus"], ["fit"], strides=[2, 2], pads=[8, 8, 6, 6]),
            onnx_proto.node("Relu", ["fit"], ["fits"]),
            onnx_proto.node("MaxPool", ["fits"], ["feature_map"], kernel_shape=[4, 4], strides=[4, 4]),
            onnx_proto.node("MaxPool", ["feature_map"], ["best"], kernel_shape=[12, 12]),
            onnx_proto.node("Flatten", ["best"], ["embedding"], axis=1),
        ],
        initializer=[
            onnx_proto.tensor("tiles", fit.astype(np.float32)),
            onnx_proto.tensor("minus", np.full(len(CITIES), -_THRESHOLD, np.float32)),
        ],
        input=[onnx_proto.float_value("image", ["batch", 3, SIZE_PX, SIZE_PX])],
        output=[
            onnx_proto.float_value("embedding", ["batch", len(CITIES)]),
            onnx_proto.float_value("feature_map", ["batch", len(CITIES), 12, 12]),
        ],
    )
    return onnx_proto.message(
        "ModelProto",
        ir_version=8,
        producer_name="flaneur-tests",
        graph=graph,
        opset_import=[onnx_proto.message("OperatorSetIdProto", domain="", version=17)],
    )


def write_built(folder: Path) -> Bundle:
    """The hand-built model as a folder, for what reads one."""
    bundle = built_model().bundle
    return write_bundle(folder, bundle.model, bundle.card)


@cache
def built_model() -> Model:
    """Hand-built: looks for each city's tile anywhere. Shared: do not change it."""
    encoder = built_encoder()
    head = HeadParams(_GAIN * np.eye(len(CITIES), dtype=np.float32), np.zeros(len(CITIES), np.float32))
    return _model(onnx_graph.append_head(encoder, head), marked_card(SPEC, encoder, "built"))


@cache
def learnt_model() -> Model:
    """Learnt: the bundled encoder, frozen, and a linear head, from 24 scenes. Takes two seconds; shared."""
    encoder = OnnxEncoder.from_bundle(read_bundle("base"))
    spec = encoder.preprocess
    photos = learnt_photos(24, seed=1)
    images = np.stack([preprocess(photo.image, spec) for photo in photos])
    embeddings = np.concatenate([encoder.embed(images[start : start + 8]) for start in range(0, len(images), 8)])
    head = fit_strength(embeddings, np.array([photo.slug for photo in photos]), strength=0.003)
    graph = onnx_proto.load(encoder.model)
    return _model(onnx_graph.append_head(graph, head), marked_card(spec, graph, "learnt"))


def learnt_photos(scenes: int, *, seed: int) -> list[MarkedPhoto]:
    """Photos for :func:`learnt_model`; it learnt from seed 1."""
    size_px = read_bundle("base").card.preprocess.size_px
    return marked_photos(scenes, seed=seed, size_px=size_px, tile_px=size_px // 16 * 4)


def hits(relevance: NDArray[np.floating[Any]], box: tuple[int, int, int, int], *, tolerance_px: float = 0.0) -> bool:
    """The pointing game: whether a map's highest point lies on the object.

    Args:
        relevance: ``[S, S]``.
        box: of the object.
        tolerance_px: how far beside the object still counts.

    Source:
        Zhang et al., *Top-down Neural Attention by Excitation Backprop*, ECCV 2016, section 4.2, with a tolerance of
        15 pixels on photos of some 500.
    """
    y, x = np.unravel_index(int(relevance.argmax()), relevance.shape)
    left, top, right, bottom = box
    across = left - tolerance_px <= x < right + tolerance_px
    return bool(across and top - tolerance_px <= y < bottom + tolerance_px)


def mass_on(relevance: NDArray[np.floating[Any]], box: tuple[int, int, int, int], *, tolerance_px: int = 0) -> float:
    """Share of a map's positive mass on the object, 0 to 1; 0 where there is none."""
    positive = np.clip(np.asarray(relevance, np.float64), 0, None)
    left, top, right, bottom = box
    rows = slice(max(0, top - tolerance_px), bottom + tolerance_px)
    inside = positive[rows, max(0, left - tolerance_px) : right + tolerance_px].sum()
    return float(inside / positive.sum()) if positive.sum() else 0.0


def _model(graph: Any, card: Card) -> Model:
    return Model(Bundle(card, onnx_proto.to_bytes(graph), Golden({}, {}), Path(card.name)))


def _drawn(number: int, tile_px: int) -> NDArray[np.uint8]:
    colours = np.rint(255 * (0.5 + _SWING * tile(number))).astype(np.uint8)
    return colours.repeat(tile_px // _CELLS, 0).repeat(tile_px // _CELLS, 1)


def _two_places(rng: np.random.Generator, size_px: int, tile_px: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """Upper left corners of two tiles that keep a tile's width between them, at even pixels."""
    while True:
        (x, y), (u, v) = 2 * rng.integers(2, (size_px - tile_px) // 2 - 2, (2, 2))
        if max(abs(x - u), abs(y - v)) >= 2 * tile_px:
            return (int(x), int(y)), (int(u), int(v))


def _box(corner: tuple[int, int], tile_px: int) -> tuple[int, int, int, int]:
    return corner[0], corner[1], corner[0] + tile_px, corner[1] + tile_px
