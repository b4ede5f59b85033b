"""What a scenario is, and the steps that scenarios have in common."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol, TypedDict, cast

from scripts.scripted_model import Call, Item, Permissions, when

from .bench import Bench, Json

Play = Callable[[Bench], Awaitable[None]]
ASK: Permissions = {"edit": "ask", "bash": "ask"}
BASH_DESCRIPTION = "Runs a command"


class Options(TypedDict, total=False):
    """How the agent of a scenario is started."""

    permission: Permissions
    chunk_timeout_ms: int
    extra: dict[str, str]


@dataclass(frozen=True)
class Scenario:
    """A play with its name, the sentence about it, and the agent that it needs."""

    name: str
    about: str
    play: Play
    options: Options = field(default_factory=Options)


class NamedPlay(Protocol):
    """A function that is a play."""

    __name__: str
    __doc__: str | None

    def __call__(self, b: Bench, /) -> Awaitable[None]: ...


SCENARIOS: list[Scenario] = []


def scenario(**options: object) -> Callable[[NamedPlay], NamedPlay]:
    """Enter a play into the list under its function's name."""

    def enter(play: NamedPlay) -> NamedPlay:
        about = " ".join((play.__doc__ or "").split())
        SCENARIOS.append(Scenario(play.__name__, about, play, cast("Options", options)))
        return play

    return enter


def of_type(kind: str) -> Callable[[Json], bool]:
    """Events of one type."""
    return lambda event: event["type"] == kind


def tool_is(status: str, tool: str = "bash") -> Callable[[Json], bool]:
    """Snapshots of a tool's call in the given state."""

    def match(event: Json) -> bool:
        part = cast("Json", cast("Json", event["properties"]).get("part") or {})
        return part.get("tool") == tool and cast("Json", part["state"])["status"] == status

    return match


def permission_id(event: Json) -> str:
    """The id of what is asked."""
    return str(cast("Json", event["properties"])["id"])


def bash(command: str) -> Call:
    """A call of the shell."""
    return Call("bash", command=command, description=BASH_DESCRIPTION)


async def run(b: Bench, *items: Item | tuple[Item, ...], text: str = "go", **fields: object) -> tuple[str, str]:
    """Prompt a new session with a script; returns session and message id at once."""
    b.model.rules.append(when(text, items))
    session = await b.session()
    return session, await b.prompt(session, text, **fields)


async def look_up(b: Bench, session: str, message: str) -> None:
    """What the agent answers about a run at this moment."""
    for path in (
        "/session/status",
        "/permission",
        "/question",
        f"/session/{session}/message",
        f"/session/{session}/diff?messageID={message}",
        "/file/status",
        "/vcs/status",
        "/vcs/diff?mode=git",
    ):
        await b.get(path)


async def played(b: Bench, *items: Item | tuple[Item, ...], **fields: object) -> None:
    """A run from prompt to end, looked up afterwards."""
    session, message = await run(b, *items, **fields)  # type: ignore[arg-type]
    await asyncio.sleep(0.2)
    await b.settled(100)
    await look_up(b, session, message)
