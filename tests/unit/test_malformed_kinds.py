"""A file of every malformed kind: a picture, or a code that the documents know. Ten thousand: server_reliability."""

import re
from pathlib import Path

from flaneur.serve.decoding.worker import answer
from malformed_kinds import MAKERS, malformed_files

ERRORS = Path(__file__).parents[2] / "docs" / "reference" / "errors.md"


def test_every_kind_is_a_picture_or_gets_a_code_that_the_documents_know():
    known = set(re.findall(r"^\| `([a-z_]+)` \|", ERRORS.read_text("utf-8"), flags=re.MULTILINE))
    spec = {"size_px": 32, "mean": (0.5, 0.5, 0.5), "std": (0.5, 0.5, 0.5)}
    for kind, data in malformed_files(len(MAKERS)):
        told, pixels = answer(spec, data)
        assert (told["code"] in known and told["message"].isprintable()) if "code" in told else pixels, kind
