"""The body of a request in; its photos and fields, in memory, out. Never more than the limits allow, never on disk."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from flaneur.errors import did_you_mean
from flaneur.serve.http.body import too_large
from flaneur.serve.http.problems import Problem, one_line

if TYPE_CHECKING:
    from flaneur.serve.limits import Limits

PHOTO = "photo"
_BLOCK_BYTES = 1 << 20  # to enlarge what is larger may copy all of it
logging.getLogger("python_multipart").setLevel(logging.CRITICAL)  # it warns of what callers send; they are told


@dataclass(frozen=True, slots=True)
class Upload:
    """One file of a form.

    Args:
        name: as the client calls the file; for nothing but telling it back.
        data: its bytes.
    """

    name: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Form:
    """What a request brings.

    Args:
        photos: the parts called ``photo``, in order.
        fields: all other parts, by name; each once.
    """

    photos: list[Upload]
    fields: dict[str, str]

    def only(self, *known: str) -> None:
        """Refuse fields that have no meaning here.

        Raises:
            Problem: 422, with the nearest known name.
        """
        for name in self.fields:
            if name not in known:
                hint = did_you_mean(name, known) or f" Known: {', '.join((PHOTO, *known))}."
                raise Problem(422, "unknown_field", f"There is no field {one_line(name[:40])!r}.{hint}")


async def read_form(request: Request, limits: Limits) -> Form:
    """Read a form, part by part, while it arrives.

    Args:
        request: ``multipart/form-data``.
        limits: bytes of the whole, of a photo and of a field, number of photos and fields.

    Raises:
        Problem: 400 no such form or one that ends too early, 413 too large, 415 another kind of body; and those of
            :class:`flaneur.serve.http.body.Body`.
        ClientDisconnect: nobody waits for the answer any more.
    """
    reader = _Reader(_boundary(request), limits)
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > limits.request_bytes:
        raise too_large(limits)
    async for chunk in request.stream():
        reader.write(chunk)
    return reader.form()


def _boundary(request: Request) -> bytes:
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    if request.headers.get("content-encoding", "identity").lower() not in ("", "identity"):
        raise Problem(415, "encoded_body", "A packed body is not read. Send it without Content-Encoding.")
    if kind != b"multipart/form-data":
        raise Problem(415, "no_form", "Send a multipart/form-data form with a part called 'photo'.")
    if not options.get(b"boundary"):
        raise Problem(400, "bad_form", "The form's Content-Type names no boundary. Let the HTTP client write it.")
    return options[b"boundary"]


class _Reader:
    """Collects what the parser finds; the parser calls it piece by piece."""

    def __init__(self, boundary: bytes, limits: Limits) -> None:
        self._limits = limits
        self._photos: list[Upload] = []
        self._fields: dict[str, str] = {}
        self._ended = False
        self._head: list[tuple[bytes, bytes]] = []
        self._name = self._value = b""
        self._what, self._file = "", ""
        self._start_part()
        try:
            self._parser = MultipartParser(
                boundary,
                {
                    "on_part_begin": self._begin, "on_part_data": self._more, "on_part_end": self._finish,
                    "on_header_field": self._header_name, "on_header_value": self._header_value,
                    "on_header_end": self._header_end, "on_headers_finished": self._named, "on_end": self._end,
                },
            )  # fmt: skip
        except FormParserError as error:
            raise Problem(400, "bad_form", "The form's boundary is too long.") from error

    def write(self, chunk: bytes) -> None:
        try:
            self._parser.write(chunk)
        except FormParserError as error:
            raise Problem(400, "bad_form", "The form is not well made. Let an HTTP client write it.") from error

    def form(self) -> Form:
        if not self._ended:
            raise Problem(400, "bad_form", "The form ends too early. Send it again.")
        return Form(self._photos, self._fields)

    def _begin(self) -> None:
        self._head, self._name, self._value = [], b"", b""
        self._what = self._file = ""
        self._start_part()

    def _start_part(self) -> None:
        self._blocks: list[bytes] = []
        self._data = bytearray()

    def _header_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        self._head.append((self._name.lower(), self._value))
        self._name = self._value = b""

    def _named(self) -> None:
        disposition = dict(self._head).get(b"content-disposition", b"")
        kind, options = parse_options_header(disposition.decode("latin-1"))
        self._what = options.get(b"name", b"").decode("utf-8", "replace")
        self._file = options.get(b"filename", b"").decode("utf-8", "replace")
        if kind != b"form-data" or not self._what:
            raise Problem(400, "bad_form", "A part of the form has no name.")
        if self._what in self._fields:
            raise Problem(400, "bad_form", f"The field {one_line(self._what[:40])!r} stands in the form twice.")
        self._check_count()

    def _check_count(self) -> None:
        """One more part is about to begin."""
        photo = self._what == PHOTO
        here, most = (
            (len(self._photos), self._limits.request_photos)
            if photo
            else (len(self._fields), self._limits.request_fields)
        )
        if here >= most:
            kind = "photos" if photo else "fields"
            raise Problem(413, "too_many_parts", f"More than {most} {kind} in one request. Send fewer at once.")

    def _more(self, data: bytes, start: int, end: int) -> None:
        photo = self._what == PHOTO
        held = len(self._blocks) * _BLOCK_BYTES + len(self._data)
        if held + end - start > (self._limits.photo_bytes if photo else self._limits.field_bytes):
            raise self._part_too_large(photo)
        self._data += memoryview(data)[start:end]
        while len(self._data) >= _BLOCK_BYTES:
            self._blocks.append(bytes(self._data[:_BLOCK_BYTES]))
            del self._data[:_BLOCK_BYTES]

    def _part_too_large(self, photo: bool) -> Problem:
        if photo:
            size = f"{self._limits.photo_bytes / 1e6:g} MB"
            return Problem(413, "too_large", f"A photo of more than {size}. Save it smaller.")
        return Problem(413, "field_too_large", f"A field of more than {self._limits.field_bytes} bytes. Shorten it.")

    def _finish(self) -> None:
        if self._what == PHOTO:
            self._photos.append(Upload(self._file, b"".join((*self._blocks, self._data))))
        else:
            try:
                self._fields[self._what] = self._data.decode("utf-8")
            except UnicodeDecodeError as error:
                raise Problem(400, "bad_form", f"The field {one_line(self._what[:40])!r} is not UTF-8 text.") from error
        self._start_part()

    def _end(self) -> None:
        self._ended = True
