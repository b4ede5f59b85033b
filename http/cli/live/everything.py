"""Follows all codebases of a service in one view: every event, or, if the token may not read these, what each agent does."""

import asyncio
import signal
from datetime import datetime
from typing import Any, Final

from ....client import models as m
from ....client.errors import LedgerApiError, LedgerClientError, LedgerUnreachable, NotAllowed
from ....client.ledger import Ledger
from ....domain import events as e
from ....domain.visible_text import one_line
from ..connection.options import Options
from ..connection.server import Item, Refused, Server, sentence_of, unreachable
from ..failures import CTRL_C, DONE, CommandFailed
from ..layout.amounts import now
from ..layout.paper import Paper
from ..layout.table import fitted
from ..way_out import complain
from .one_liners import OneLiners
from .received import event_of
from .sinks import JsonLines, complain_of
from .states import States
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
        self._lines = {one["id"]: OneLiners(str(one["path"]), self._paper.identity) for one in known}
        self._json = JsonLines() if options.json else None
        self._states: dict[str, States] = {}
        self._lost = False

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
            async with ledger.events(on_trouble=self._trouble) as stream:
                async for received in stream:
                    self._take(str(received.data.get("codebase_id", "")), received)
        except NotAllowed:
            await self._follow_states(ledger)

    async def _follow_states(self, ledger: Ledger) -> None:
        """What a token sees that may not read the events of all codebases: what each agent is doing."""
        if not self._options.quiet:
            complain("opencode-ledger: Only states are shown: your token may not read the events of all codebases.")
        async with ledger.overview(on_trouble=self._trouble) as stream:
            async for received in stream:
                if self._json is not None:
                    self._json.print(received.id, received.event, received.raw)
                else:
                    await self._take_overview(ledger, received.data)

    async def _take_overview(self, ledger: Ledger, data: m.CodebaseOverview) -> None:
        codebase, overview = data["codebase"], data["overview"]
        self._names[codebase["id"]] = codebase["name"]
        states = self._states.setdefault(codebase["id"], States())
        waiting = (await ledger.permissions(limit=500))["permissions"] if overview and overview["waiting"] else []
        at = now().isoformat()
        for line in (*states.lines(overview), *states.requests(waiting, codebase["id"])):
            self._print(at, codebase["name"], line)
        if overview is None:
            del self._names[codebase["id"]], self._states[codebase["id"]]

    def _take(self, codebase: str, received: Any) -> None:
        event = event_of(received.event, received.raw, received.id)
        if self._json is not None:
            self._json.print(received.id, received.event, received.raw)
            return
        if isinstance(event, e.CodebaseRegistered | e.CodebaseChanged) and event.name:
            self._names[codebase] = event.name
        lines = self._lines.setdefault(codebase, OneLiners(identity=self._paper.identity))
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

    def _trouble(self, failure: LedgerApiError | LedgerUnreachable | None) -> None:
        """Said once for each loss."""
        if failure is None or not self._lost:
            complain_of(None if failure is None else sentence_of(failure))
        self._lost = failure is not None


def _known(style: str) -> str:
    return style.replace("italic", "").strip()
