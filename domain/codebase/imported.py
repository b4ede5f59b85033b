"""External sessions: what others did with the agent's program in a codebase's directory, and what of it is on record.

A digest identifies a message as it would be recorded. Only the digests of recorded messages are remembered. They are
packed: 16 bytes per message, in the order of the hashes of the messages' ids.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import Literal, TypeAlias, cast

from ..events import Json
from ..ids import AgentSessionId, SessionId, Timestamp
from ..whole_output import AgentOutput, WholeOutput

ExternalStatus: TypeAlias = Literal["completed", "failed", "stopped", "running"]

UNLISTED = "that opencode can't list"
UNNAMED = "under names that opencode doesn't give"
UNREADABLE = "that opencode can't read"
INCOMPLETE = "with messages that can't be recorded"
"""Why sessions were skipped, or only partly recorded."""

_SIZE = 8
_STEP = 2 * _SIZE
_GIVEN = "given "


@dataclass(frozen=True, kw_only=True, slots=True)
class Synced:
    """The result of a sync. `brought`: sessions with something new. `passed_over`: sessions skipped or partly recorded, by reason."""

    brought: int
    passed_over: Mapping[str, int]

    @property
    def in_words(self) -> str:
        """What was skipped or partly recorded; empty where nothing was."""
        counted = [
            f"{count} {'session' if count == 1 else 'sessions'} {why}" for why, count in self.passed_over.items()
        ]
        return f"skipped, or only partly imported: {', '.join(counted)}" if counted else ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ExternalSession:
    """A session as the agent's program lists it. `revision` changes whenever the description changes."""

    agent_session_id: AgentSessionId
    parent: AgentSessionId | None
    directory: str
    title: str
    agent: str
    model: str | None
    started_at: Timestamp
    updated_at: Timestamp
    revision: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ExternalOutput:
    """A call that printed more than its message has. `whole`: where the whole output is, or what is on record of it."""

    tool: str
    call_id: str
    whole: AgentOutput | WholeOutput


@dataclass(frozen=True, kw_only=True, slots=True)
class ExternalMessage:
    """A message in its current state.

    - `turn`: the id of the user message that this is, or that it answers.
    - `tools`: calls with the members of `tool_use` and `tool_result` events.
    - `error`: why it ended early, if it did.
    - `silent`: it is empty, and recorded only if something was in it before.
    """

    id: str
    role: Literal["user", "assistant"]
    turn: str
    created_at: Timestamp
    content: str
    reasoning: str | None = None
    tools: tuple[Mapping[str, Json], ...] | None = None
    agent: str | None = None
    model: str | None = None
    tokens: Mapping[str, int] | None = None
    cost: float | None = None
    error: str | None = None
    silent: bool = False
    outputs: tuple[ExternalOutput, ...] = ()
    """Of its calls. They are no part of what the digest stands for: where they are kept changes no message."""
    digest: str = field(init=False, repr=False, compare=False)
    """Identifies the whole content. Computed once, since that takes a while for a long message."""

    def __post_init__(self) -> None:
        said = (self.role, self.created_at, self.content, self.reasoning, self.tools)
        digest = digest_of(*said, self.agent, self.model, self.tokens, self.cost, self.error)
        object.__setattr__(self, "digest", digest)


def session_of(agent_session: AgentSessionId) -> SessionId:
    """Our id for an external session: always the same, so that none is imported twice."""
    return SessionId(f"sess_{agent_session.removeprefix('ses_')}")


def digest_of(*values: object) -> str:
    """A digest of some values: equal for equal values only."""
    stands = blake2b(digest_size=_SIZE)
    _write(values, lambda said: stands.update(said.encode("utf-8", "replace")))
    return stands.hexdigest()


def _write(value: object, take: Callable[[str], None]) -> None:
    """Give the `repr` of a value piece by piece: `repr` of a long value would hold up all threads until it is done."""
    match value:
        case tuple() | list():
            items = cast("tuple[object, ...] | list[object]", value)
            begin, end = "()" if isinstance(value, tuple) else "[]"
            take(begin)
            for number, item in enumerate(items):
                take(", " if number else "")
                _write(item, take)
            take(f",{end}" if isinstance(value, tuple) and len(items) == 1 else end)
        case dict():
            take("{")
            for number, (name, item) in enumerate(cast("dict[object, object]", value).items()):
                take(f"{', ' if number else ''}{name!r}: ")
                _write(item, take)
            take("}")
        case _:
            take(repr(value))


@dataclass(frozen=True, kw_only=True, slots=True)
class Recorded:
    """What is on record of one of the agent's sessions. `session_id`: our id for it.

    - `own`: our agent made it; the prompts that it got are then remembered too. `traced`: all of them are.
    - `revision`: everything up to this revision is on record.
    - `settled_at`: when our agent's last run in it ended.
    """

    session_id: SessionId
    own: bool = False
    traced: bool = True
    revision: str | None = None
    settled_at: Timestamp | None = None
    packed: bytes = field(default=b"", repr=False)

    def knows(self, name: str) -> bool:
        """Whether something with this id is on record, whatever its digest."""
        return self._known(_hash(name)) is not None

    def gave(self, prompt: str) -> bool:
        """Whether our agent got this prompt."""
        return self.knows(_GIVEN + prompt)

    def given(self, prompt: str) -> "Recorded":
        """The record after our agent got a prompt."""
        return self.grown([(_GIVEN + prompt, "")])

    def lacking(self, digests: Mapping[str, str]) -> frozenset[str]:
        """Those of these ids that are not on record with this digest."""
        return frozenset(name for name, digest in digests.items() if self._known(_hash(name)) != _hash(digest))

    def grown(self, digests: Iterable[tuple[str, str]]) -> "Recorded":
        """The record with these digests added."""
        pieces, done = list[bytes](), 0
        for key, value in sorted({_hash(name): _hash(digest) for name, digest in digests}.items()):
            place = self._place(key)
            pieces += (self.packed[done:place], key, value)
            done = place + _STEP if self.packed[place : place + _SIZE] == key else place
        return replace(self, packed=b"".join((*pieces, self.packed[done:])))

    def _known(self, key: bytes) -> bytes | None:
        place = self._place(key)
        found = self.packed[place : place + _STEP]
        return found[_SIZE:] if found[:_SIZE] == key else None

    def _place(self, key: bytes) -> int:
        """Where a key is, or would be: a binary search, since unpacking a long session takes a while for each page."""
        places = range(0, len(self.packed), _STEP)
        number = bisect_left(places, key, key=lambda at: self.packed[at : at + _SIZE])
        return number * _STEP


ImportIndex: TypeAlias = Mapping[AgentSessionId, Recorded]
"""What is on record of the agent's sessions, by the agent's own ids."""


def _hash(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "replace"), digest_size=_SIZE).digest()
