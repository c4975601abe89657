"""A tiny CLIP of random weights, known to open_clip by name, and a model hub on this computer that offers it."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

NAME, SIZE_PX, DIM = "tiny-clip", 32, 24
_TEXT = {"context_length": 77, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 2}
_CONFIGS = {
    NAME: {"image_size": SIZE_PX, "layers": 2, "width": 32, "head_width": 16, "patch_size": 8},
    "tiny-resnet-clip": {"image_size": SIZE_PX, "layers": [1, 1, 1, 1], "width": 8, "head_width": 8},
}


@cache
def open_clip() -> Any:
    """The package, once it knows the tiny networks."""
    import tempfile

    from flaneur.models.encoders.clip_encoder import _open_clip

    package = _open_clip()
    with tempfile.TemporaryDirectory() as folder:
        for name, vision in _CONFIGS.items():
            config = {"embed_dim": DIM, "vision_cfg": vision, "text_cfg": _TEXT}
            (Path(folder) / f"{name}.json").write_text(json.dumps(config))
        package.add_model_config(folder)
        package.factory._MODEL_CONFIG_PATHS.pop()
    return package


def tiny_clip(seed: int = 0) -> Any:
    """The network, with the scale that trained ones end at."""
    import torch

    torch.manual_seed(seed)
    network = open_clip().CLIP(**open_clip().get_model_config(NAME)).eval()
    network.logit_scale.data.fill_(4.6052)
    return network


def save_clip(network: Any, path: Path) -> Path:
    """Its weights as a safetensors file."""
    from safetensors.torch import save_file

    save_file(network.state_dict(), path)
    return path


@contextmanager
def hub(files: dict[str, bytes]) -> Iterator[tuple[str, list[str]]]:
    """A server that answers as the model hub does.

    Args:
        files: ``OWNER/NAME/FILE`` to content.

    Yields:
        Its address, and the list of requests, which grows.
    """
    seen: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.answer(with_body=False)

        def do_GET(self) -> None:
            self.answer(with_body=True)

        def answer(self, with_body: bool) -> None:
            seen.append(f"{self.command} {self.path}")
            content = files.get(
                self.path.lstrip("/").replace("/resolve/main/", "/").replace(f"/resolve/{'1' * 40}/", "/")
            )
            if content is None:
                self.send_response(404)
                self.send_header("X-Error-Code", "EntryNotFound")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
            self.send_header("X-Repo-Commit", "1" * 40)
            self.end_headers()
            if with_body:
                self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", seen
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def use_hub(monkeypatch: Any, address: str, cache: Path) -> None:
    """Have the hub's client look there, and let open_clip name the tiny network's weights ``own``."""
    import huggingface_hub.constants as constants

    template = address + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(constants, "ENDPOINT", address)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    monkeypatch.setattr("huggingface_hub.file_download.HUGGINGFACE_CO_URL_TEMPLATE", template, raising=False)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(cache))
    pretrained = open_clip().pretrained
    monkeypatch.setitem(pretrained._PRETRAINED, NAME, {"own": pretrained._pcfg(hf_hub="someone/tiny/")})
