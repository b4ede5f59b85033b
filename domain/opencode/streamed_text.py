"""An agent's streamed text: deltas first, then the snapshot, which is final.

Whatever the order and the number of the deltas, the joined pieces of a part are the part's final snapshot, without
secrets; a piece that replaces replaces all pieces before it. The end of a piece is held back where it may be the
beginning of a secret.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from ..codebase.facts import TextStreamed
from ..ids import AgentSessionId, SessionId
from ..secrets.masker import Secrets
from ..secrets.streams import StreamMasker
from ..untrusted_json import Fields, fields, text
from .names import PART, recorded_name

Kind: TypeAlias = Literal["text", "reasoning"]


@dataclass(frozen=True, slots=True)
class Origin:
    """Who wrote a text. `subagent`: the subagent's session; None for the main agent."""

    session_id: SessionId
    subagent: AgentSessionId | None


@dataclass(slots=True)
class _Part:
    origin: Origin
    kind: Kind
    message_id: str
    part_id: str
    masker: StreamMasker
    given: list[str] = field(default_factory=list[str])
    broken: bool = False
    closed: bool = False


class TextParts:
    """The text parts of a session and its subagents: the full state of open parts, and the ids of closed ones."""

    def __init__(self, secrets: Secrets) -> None:
        self._secrets = secrets
        self._open: dict[str, _Part] = {}
        self._closed: set[str] = set()

    def delta(self, part_id: str, piece: str) -> Iterator[TextStreamed]:
        """A piece of an open part. A part whose beginning was missed waits for its snapshot instead."""
        part = self._open.get(part_id)
        if part is not None and piece and not part.broken:
            part.given.append(piece)
            yield from _streamed(part, part.masker.feed(piece))

    def snapshot(self, origin: Origin, part: Fields, *, finished: bool = False) -> Iterator[TextStreamed]:
        """A part's whole text so far; final if it has an end, or its message is `finished`."""
        part_id = text(part.get("id"))
        if part_id in self._closed or part.get("synthetic") is True or part.get("ignored") is True:
            return
        known = self._open.get(part_id) or self._opened(origin, part, part_id)
        if "end" in fields(part.get("time")):
            yield from self._completed(known, text(part.get("text")))
        elif finished:
            yield from _streamed(known, known.masker.end())
        else:
            return
        del self._open[part_id]
        self._closed.add(part_id)

    def missed(self) -> None:
        """Events were missed: open parts now need their snapshot, since deltas may be missing."""
        for part in self._open.values():
            part.broken = True

    def take_back(self, subagent: AgentSessionId | None) -> Iterator[TextStreamed]:
        """The agent starts its answer again: the text of its open parts is void."""
        for part in [part for part in self._open.values() if part.origin.subagent == subagent]:
            del self._open[part.part_id]
            self._closed.add(part.part_id)
            if part.given:
                yield _piece(part, "", replaces=True)

    def broken_off(self) -> Iterator[TextStreamed]:
        """No part gets more text: the pieces that were held back."""
        for part in self._open.values():
            yield from _streamed(part, part.masker.end())

    def _opened(self, origin: Origin, part: Fields, part_id: str) -> _Part:
        kind: Kind = "reasoning" if part.get("type") == "reasoning" else "text"
        opened = _Part(origin, kind, text(part.get("messageID")), part_id, StreamMasker(self._secrets))
        opened.broken = bool(part.get("text"))
        self._open[part_id] = opened
        return opened

    def _completed(self, part: _Part, whole: str) -> Iterator[TextStreamed]:
        given = "".join(part.given)
        if whole.startswith(given):
            yield from _streamed(part, part.masker.feed(whole[len(given) :]) + part.masker.end())
        else:
            yield _piece(part, self._secrets.mask(whole), replaces=True)


def _streamed(part: _Part, content: str) -> Iterator[TextStreamed]:
    if content:
        yield _piece(part, content)


def _piece(part: _Part, content: str, *, replaces: bool = False) -> TextStreamed:
    return TextStreamed(
        session_id=part.origin.session_id,
        subagent=part.origin.subagent,
        kind=part.kind,
        content=content,
        message_id=part.message_id,
        part_id=recorded_name(part.part_id, PART),
        replaces=replaces,
    )
