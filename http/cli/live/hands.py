"""A person's keys in a live view: messages, interrupt, stop, and answers to what the agent asks."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final

from ....client.codebase import Codebase
from ....client.errors import LedgerClientError
from ....domain import events as e
from ..connection.server import sentence_of
from ..failures import CTRL_C, DONE, CommandFailed
from ..layout.asked import Part, parts_of
from ..replies import answer_of
from ..way_out import write_typed
from .follow import Follower
from .keys import Keys
from .sinks import Shown

HEAD: Final = "m message · i interrupt · s stop · d detach · ? all keys"
HELP: Final = (
    "m message · i interrupt · s stop · y allow once · a always · n reject · r reject with words · space hide details · "
    "d detach"
)


class Hands:
    """Carries out what a person's keys mean. `keys`: where they come from."""

    def __init__(self, codebase: Codebase, follower: Follower, shown: Shown) -> None:
        self._codebase, self._follower, self._shown = codebase, follower, shown
        self.keys = Keys(self.press, write_typed)
        self._work: set[asyncio.Task[None]] = set()
        follower.on_ctrl_c = self._ctrl_c
        self._actions: Final[dict[str, Callable[[], Coroutine[Any, Any, None]]]] = {
            "m": self._message,
            "i": self._interrupt,
            "s": self._stop,
            "y": lambda: self._answer("once"),
            "a": lambda: self._answer("always"),
            "n": lambda: self._answer("reject"),
            "r": self._reject,
        }

    def press(self, key: str) -> None:
        """Do what a key means; other keys mean nothing."""
        if key in ("d", "q", "\x04"):
            self._follower.leave(DONE)
        elif key == " ":
            self._shown.view.folded = not self._shown.view.folded
            self._shown.say("details are hidden" if self._shown.view.folded else "details are shown")
        elif key == "?":
            self._shown.say(HELP)
        elif key in self._actions:
            task = asyncio.create_task(self._tried(self._actions[key]()))
            self._work.add(task)
            task.add_done_callback(self._work.discard)

    async def close(self) -> None:
        """Give up what isn't done yet."""
        for task in self._work:
            task.cancel()
        await asyncio.gather(*self._work, return_exceptions=True)

    def _ctrl_c(self) -> None:
        if self.keys.typing:
            self.keys.give_up()
        else:
            self._follower.leave(CTRL_C)

    async def _tried(self, work: Awaitable[None]) -> None:
        try:
            await work
        except (LedgerClientError, CommandFailed) as error:
            self._shown.say(sentence_of(error) if isinstance(error, LedgerClientError) else error.message, "red")

    async def _typed(self, prompt: str) -> str | None:
        """A line that the person types, while the view stands still. None if they gave up, or typed nothing."""
        if self.keys.typing:
            return None
        self._shown.hold()
        try:
            said = await self.keys.line(prompt)
        finally:
            self._shown.release()
        return said.strip() if said and said.strip() else None

    async def _message(self) -> None:
        if (said := await self._typed("message> ")) is not None:
            await self._codebase.message(said)

    async def _interrupt(self) -> None:
        await self._codebase.interrupt()

    async def _stop(self) -> None:
        if (await self._typed("stop the agent? [y/N] ") or "").lower() in ("y", "yes"):
            await self._codebase.stop()

    async def _answer(self, reply: str) -> None:
        if (asked := self._oldest()) is None:
            return
        if asked.kind == "question" and reply != "reject":
            await self._answer_question(asked)
        else:
            await self._codebase.answer(asked.permission_id, reply)

    async def _reject(self) -> None:
        if (asked := self._oldest()) is not None and (said := await self._typed("reject, and say> ")) is not None:
            await self._codebase.answer(asked.permission_id, "reject", message=said)

    async def _answer_question(self, asked: e.PermissionAsked) -> None:
        chosen = [answer_of(part, await self._typed(_prompt(part)) or "") for part in parts_of(asked.args)]
        if any(chosen):
            await self._codebase.answer(asked.permission_id, "once", answers=chosen)

    def _oldest(self) -> e.PermissionAsked | None:
        """The request that a key answers. Says so if there is none."""
        oldest = next(iter(self._follower.waiting.values()), None)
        if oldest is None:
            self._shown.say("The agent asks nothing now.")
        return oldest


def keys_for(asked: e.PermissionAsked) -> str:
    """The keys that answer a request."""
    if asked.kind == "question":
        return "y answer · n reject · r reject with words"
    return "y allow once · a always · n reject · r reject with words"


def _prompt(part: Part) -> str:
    numbers = f"1-{len(part.choices)}" if part.choices else ""
    several = ", several with commas" if part.several and part.choices else ""
    own = "your own words" if part.custom else ""
    return f"answer ({' or '.join(filter(None, (numbers + several, own)))})> "
