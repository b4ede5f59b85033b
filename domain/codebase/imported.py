"""What others did with the agent's program in a codebase's directory, and what of it is on record.

A digest stands for a message as it would be recorded. The digests of what is on record are all that must be
remembered, so they are kept packed: 16 bytes for a message, whatever it says, in the order of their names' hashes.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import Literal, TypeAlias, cast

from ..events import Json
from ..ids import AgentSessionId, SessionId, Timestamp
from ..outputs.whole import AgentOutput, WholeOutput

ExternalStatus: TypeAlias = Literal["completed", "failed", "stopped", "running"]

UNLISTED = "that opencode can't list"
UNNAMED = "under names that opencode doesn't give"
UNREADABLE = "that opencode can't read"
INCOMPLETE = "with messages that can't be recorded"
"""Why sessions were passed over, or not recorded whole."""

_SIZE = 8
_STEP = 2 * _SIZE
_GIVEN = "given "


@dataclass(frozen=True, kw_only=True, slots=True)
class Synced:
    """What a sync did: how many sessions brought something, and how many did not come in, or not whole, by the reason."""

    brought: int
    passed_over: Mapping[str, int]

    @property
    def in_words(self) -> str:
        """What was passed over; nothing where nothing was."""
        told = [f"{count} {'session' if count == 1 else 'sessions'} {why}" for why, count in self.passed_over.items()]
        return f"not, or not whole: {', '.join(told)}" if told else ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ExternalSession:
    """A session as the agent's program describes it. `revision` changes whenever the description does."""

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
    """A call that printed more than its message has. `whole`: where all of it is, or what is on record of it."""

    tool: str
    call_id: str
    whole: AgentOutput | WholeOutput


@dataclass(frozen=True, kw_only=True, slots=True)
class ExternalMessage:
    """A message as it stands. `turn`: the person's message that it is, or that it comes of.

    `tools`: calls with the members of `tool_use` and `tool_result` events. `error`: why it ended early, if it did.
    `silent`: there is nothing in it, so that it is not worth recording, unless something was in it before.
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
    """What stands for all of it; made with it, since that takes a while for a long one."""

    def __post_init__(self) -> None:
        said = (self.role, self.created_at, self.content, self.reasoning, self.tools)
        digest = digest_of(*said, self.agent, self.model, self.tokens, self.cost, self.error)
        object.__setattr__(self, "digest", digest)


def session_of(agent_session: AgentSessionId) -> SessionId:
    """Our name for a session that was made outside: always the same, so that none comes in twice."""
    return SessionId(f"sess_{agent_session.removeprefix('ses_')}")


def digest_of(*values: object) -> str:
    """What stands for some values: the same for the same, another for others."""
    stands = blake2b(digest_size=_SIZE)
    _write(values, lambda said: stands.update(said.encode("utf-8", "replace")))
    return stands.hexdigest()


def _write(value: object, take: Callable[[str], None]) -> None:
    """Give what `repr` says of a value piece by piece: of a long one it would hold up all threads until it is whole."""
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
    """What is on record of one of the agent's sessions; `session_id` is our name for it.

    `own`: our agent made it; remembered are then the prompts that it was given too. `traced`: all of them are.
    `revision`: everything up to it is on record. `settled_at`: when our agent last came to rest in it.
    """

    session_id: SessionId
    own: bool = False
    traced: bool = True
    revision: str | None = None
    settled_at: Timestamp | None = None
    packed: bytes = field(default=b"", repr=False)

    def knows(self, name: str) -> bool:
        """Whether something of this name is on record, whatever its digest."""
        return self._known(_hash(name)) is not None

    def gave(self, prompt: str) -> bool:
        """Whether this is a prompt that our agent was given."""
        return self.knows(_GIVEN + prompt)

    def given(self, prompt: str) -> "Recorded":
        """As it is once our agent was given a prompt."""
        return self.grown([(_GIVEN + prompt, "")])

    def lacking(self, digests: Mapping[str, str]) -> frozenset[str]:
        """Of these names those that are not on record with this digest."""
        return frozenset(name for name, digest in digests.items() if self._known(_hash(name)) != _hash(digest))

    def grown(self, digests: Iterable[tuple[str, str]]) -> "Recorded":
        """As it is once these are on record."""
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
        """Where a key is, or would be. Looked for by halving: unpacked, a long session would take a while for each page."""
        places = range(0, len(self.packed), _STEP)
        number = bisect_left(places, key, key=lambda at: self.packed[at : at + _SIZE])
        return number * _STEP


ImportIndex: TypeAlias = Mapping[AgentSessionId, Recorded]
"""What is on record of the agent's sessions, by its own names for them."""


def _hash(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "replace"), digest_size=_SIZE).digest()
