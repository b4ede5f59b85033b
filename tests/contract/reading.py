"""The customer's document, read into the same objects as the table of its facts. No I/O."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from .facts import Endpoint, Field, Json, Place

_SECTION = re.compile(r"^(?=#{2,3} )", re.MULTILINE)
_PIECE = re.compile(
    r"^```(?P<kind>\w*)\n(?P<code>.*?)^```$|^\*\*(?P<label>[^*\n]+)\*\*$|^\|(?P<row>[^\n]+)\|$",
    re.MULTILINE | re.DOTALL,
)
_CELL = re.compile(r"\s*\|\s*")
_LABELS: Mapping[str, Place] = {"Request Body": "request", "Response": "response", "Query Parameters": "query"}


@dataclass(frozen=True)
class Piece:
    """A code block or a table's row, and the label above it."""

    label: str
    kind: str
    text: str


def endpoints(document: str) -> tuple[Endpoint, ...]:
    """All sections that have an address, in the document's order."""
    parts = [part for part in _SECTION.split(document) if "\n```http\n" in part]
    return tuple(_endpoint(part) for part in parts)


def events(document: str) -> dict[str, Json]:
    """The events that the document shows, each with its example."""
    blocks = (piece.text for piece in pieces(document) if piece.label == "Event Types" and not piece.kind)
    shown = re.findall(r"^event: (\w+)\ndata: (.+)$", "\n".join(blocks), re.MULTILINE)
    return {name: json.loads(data) for name, data in shown}


def listened_for(document: str) -> set[str]:
    """The events that the document's example client listens for."""
    return set(re.findall(r"addEventListener\('(\w+)'", document))


def error(document: str) -> Json:
    """The example of an error."""
    return next(json.loads(piece.text) for piece in pieces(_errors(document)) if piece.kind == "json")


def status_codes(document: str) -> tuple[int, ...]:
    """The status codes that the document names."""
    rows = (piece.text for piece in pieces(_errors(document)) if piece.kind == "row")
    return tuple(int(found[1]) for row in rows if (found := re.match(r"\s*`(\d{3})`", row)))


def commands(document: str) -> str:
    """The lines to be typed into a shell, as they stand there."""
    return "\n".join(piece.text for piece in pieces(document) if piece.kind == "bash")


def _errors(document: str) -> str:
    return next(part for part in _SECTION.split(document) if part.startswith("## Error Responses"))


def _endpoint(section: str) -> Endpoint:
    title = section.partition("\n")[0].lstrip("# ")
    found = list(pieces(section))
    addresses = "\n".join(piece.text for piece in found if piece.kind == "http")
    examples = {piece.label: json.loads(piece.text) for piece in found if piece.kind == "json"}
    return Endpoint(
        title=title,
        routes=tuple(re.findall(r"^(?:GET|POST|PUT|PATCH|DELETE) \S+", addresses, re.MULTILINE)),
        request=examples.get("Request Body"),
        response=examples.get("Response"),
        fields=dict(_fields(found)),
    )


def _fields(found: list[Piece]) -> Iterator[tuple[str, Field]]:
    """The tables' rows: name, type, whether it is required where there is such a column, description."""
    for piece in found:
        cells = _CELL.split(piece.text.strip())
        if piece.kind == "row" and cells[0].startswith("`"):
            name, kind, *marks, text = cells
            required = marks[0] == "✅" if marks else None
            # A default that is named again is no other value.
            words = tuple(dict.fromkeys(re.findall(r"`([^`]+)`", text)))
            default = re.search(r"\(default: ([^)]+)\)", text)
            yield name.strip("`"), Field(kind, _LABELS[piece.label], required, words, default and default[1].strip("`"))


def pieces(section: str) -> Iterator[Piece]:
    """The code blocks and the rows of tables, in order."""
    label = ""
    for found in _PIECE.finditer(section):
        if found["label"] is not None:
            label = found["label"]
        elif found["row"] is not None:
            yield Piece(label, "row", found["row"])
        else:
            yield Piece(label, found["kind"], found["code"])
