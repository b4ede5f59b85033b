"""Follows all codebases of a service in one view: by the stream of all, or, without the scope for it, by one for each."""

import asyncio
import signal
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any, Final

from ....client.codebase import Codebase
from ....client.errors import LedgerApiError, LedgerClientError, LedgerUnreachable, NotAllowed
from ....client.ledger import Ledger
from ....domain import events as e
from ....domain.visible_text import one_line
from ..connection.options import Options
from ..connection.server import Item, Refused, Server, sentence_of, unreachable
from ..failures import CTRL_C, DONE, CommandFailed
from ..layout.paper import Paper
from ..layout.table import fitted
from ..way_out import complain
from .one_liners import OneLiners
from .received import event_of
from .sinks import JsonLines
from .words import Said

NAMES: Final = 14
"""The most columns for a codebase's name."""

LABEL: Final = 8


def follow_all(server: Server, options: Options) -> int:
    """Follow all codebases until Ctrl-C; the exit code. Raises `CommandFailed`."""
    known: list[Item] = server.get("/codebases")
    try:
        return asyncio.run(_Everything(known, options).run(server))
    except LedgerApiError as error:
        raise Refused(error) from None
    except LedgerUnreachable as error:
        raise unreachable(server.url, error) from None
    except LedgerClientError as error:
        raise CommandFailed(str(error)) from None


class _Everything:
    def __init__(self, known: list[Item], options: Options) -> None:
        self._options, self._paper = options, Paper(no_color=options.no_color)
        self._names = {one["id"]: str(one["name"]) for one in known}
        self._lines = {one["id"]: OneLiners(str(one["path"])) for one in known}
        self._json = JsonLines() if options.json else None
        self._lost: set[str] = set()

    async def run(self, server: Server) -> int:
        left: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        for number, code in ((signal.SIGINT, CTRL_C), (signal.SIGTERM, 143), (signal.SIGHUP, 129)):
            asyncio.get_running_loop().add_signal_handler(number, self._leave, left, code)
        if not (self._options.quiet or self._options.json):
            self._paper.hint(f"{len(self._names)} codebases of {server.url}    ctrl-c ends this; the agents work on")
        async with Ledger(server.url, server.address.token or "") as ledger:
            work = asyncio.create_task(self._follow(ledger))
            try:
                await asyncio.wait((work, left), return_when=asyncio.FIRST_COMPLETED)
                if not left.done():
                    await work
            finally:
                work.cancel()
                await asyncio.gather(work, return_exceptions=True)
        return left.result() if left.done() else DONE

    @staticmethod
    def _leave(left: asyncio.Future[int], code: int) -> None:
        if not left.done():
            left.set_result(code)

    async def _follow(self, ledger: Ledger) -> None:
        try:
            stream = ledger.events(on_trouble=lambda failure: self._trouble("", failure))
            async with stream:
                async for received in stream:
                    self._take(str(received.data.get("codebase_id", "")), received)
        except NotAllowed:
            complain(
                "opencode-ledger: Codebases that are registered from now on are not shown: your token lacks `audit`."
            )
            async with asyncio.TaskGroup() as group:
                for codebase in self._names:
                    group.create_task(self._follow_one(ledger.codebase(codebase), codebase))

    async def _follow_one(self, client: Codebase, codebase: str) -> None:
        events: AsyncIterator[Any] = client.events(on_trouble=lambda failure: self._trouble(codebase, failure))
        async for received in events:
            self._take(codebase, received)

    def _take(self, codebase: str, received: Any) -> None:
        event = event_of(received.event, received.raw, received.id)
        if self._json is not None:
            self._json.show(event, received.id, received.event, received.raw)
            return
        if isinstance(event, e.CodebaseRegistered | e.CodebaseChanged) and event.name:
            self._names[codebase] = event.name
        lines = self._lines.setdefault(codebase, OneLiners())
        for line in lines.lines(event, received.id):
            self._print(event.timestamp, self._names.get(codebase, codebase), line)

    def _print(self, timestamp: str, name: str, line: Said) -> None:
        try:
            at = datetime.fromisoformat(timestamp).astimezone().strftime("%H:%M:%S")
        except ValueError:
            at = "--:--:--"
        names = max(map(len, self._names.values()), default=0)
        column = min(max(names, 4), NAMES)
        label = f"{fitted(one_line(line.label.strip()), LABEL):<{LABEL}}"
        head = f"{at} {fitted(one_line(name), column):<{column}} "
        text = one_line(line.text)
        if self._paper.width is not None:
            text = fitted(text, max(8, self._paper.width - len(head) - len(label) - 1))
        self._paper.line((head[:9], "dim"), (head[9:], "bold"), label, " ", (text, _known(line.style)))

    def _trouble(self, codebase: str, failure: LedgerApiError | LedgerUnreachable | None) -> None:
        """Said once for each loss."""
        if failure is None:
            if codebase in self._lost:
                self._lost.discard(codebase)
                complain("opencode-ledger: Connected again; nothing is missing.")
        elif codebase not in self._lost:
            self._lost.add(codebase)
            complain(f"opencode-ledger: Connection lost: {sentence_of(failure)} Trying again …")


def _known(style: str) -> str:
    return style.replace("italic", "").strip()
