"""The words of a script: what the model says, thinks, calls, and how it fails.

A script is a flat list. A step (one request of the agent) ends at each `Call` and at each fault; the `Say` and
`Think` before it belong to the same step. A tuple of calls is one step with several calls at once. So
`[Say("I'll look."), Call("read", filePath="a"), Say("Done.")]` is two steps.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias


@dataclass(frozen=True)
class Say:
    """Text, one chunk for each word; `pace` is the time in seconds before each chunk."""

    text: str
    pace: float = 0.0


@dataclass(frozen=True)
class Think:
    """Reasoning, streamed as text is, but as `reasoning_content`."""

    text: str
    pace: float = 0.0


@dataclass(frozen=True, init=False)
class Call:
    """A call of one of the agent's tools; the keywords are the tool's arguments."""

    tool: str
    arguments: dict[str, object]

    def __init__(self, tool: str, /, **arguments: object) -> None:
        object.__setattr__(self, "tool", tool)
        object.__setattr__(self, "arguments", arguments)


@dataclass(frozen=True)
class Wait:
    """A pause within a step: until `gate` is set, or for a time in seconds."""

    seconds: float = 0.0
    gate: asyncio.Event | None = None


@dataclass(frozen=True)
class Stop:
    """The answer ends here, and says that it does for another reason than that all was said: `length`, for one."""

    reason: str


@dataclass(frozen=True)
class Fail:
    """An HTTP error in place of an answer; after text of the same step, an error within the stream.

    `times` counts the attempts at the same conversation that fail before the script goes on; None: all of them.
    """

    status: int = 500
    message: str = ""
    times: int | None = 1
    headers: dict[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True)
class Hang:
    """No more bytes, and the connection stays open until the agent leaves or the server closes."""

    times: int | None = 1


@dataclass(frozen=True)
class Cut:
    """The connection breaks off in the middle of the answer."""

    times: int | None = 1


Fault: TypeAlias = Fail | Hang | Cut
Item: TypeAlias = Say | Think | Call | Wait | Stop | Fault
Step: TypeAlias = tuple[Item, ...]


def fault_of(step: Step) -> Fault | None:
    """The fault with which a step ends, if it does."""
    return step[-1] if step and isinstance(step[-1], Fail | Hang | Cut) else None


class Script:
    """The steps of one run, in order."""

    def __init__(self, items: Sequence[Item | tuple[Item, ...]]) -> None:
        self.steps = tuple(_steps(items))

    def step(self, answered: int, attempt: int) -> Step | None:
        """The step after `answered` answers, at the `attempt`-th try (from 0) of one conversation; None at the end.

        A faulty step leaves no answer in the conversation: it is passed by when its attempts are used up.
        """
        for step in self.steps:
            fault = fault_of(step)
            if fault is None:
                if answered == 0:
                    return step
                answered -= 1
            elif answered == 0:
                if fault.times is None or attempt < fault.times:
                    return step
                attempt -= fault.times
        return None


def _steps(items: Sequence[Item | tuple[Item, ...]]) -> list[Step]:
    steps: list[Step] = []
    pending: list[Item] = []
    for item in items:
        group = item if isinstance(item, tuple) else (item,)
        pending.extend(group)
        if isinstance(item, tuple | Call | Fail | Hang | Cut):
            steps.append(tuple(pending))
            pending = []
    return [*steps, tuple(pending)] if pending else steps


@dataclass(frozen=True)
class Rule:
    """The script for conversations whose latest user message contains `text`."""

    text: str
    script: Script


def when(text: str, items: Sequence[Item | tuple[Item, ...]]) -> Rule:
    """A rule: a prompt (or a follow-up in mid-run) that contains `text` is answered with `items`."""
    return Rule(text, Script(items))
