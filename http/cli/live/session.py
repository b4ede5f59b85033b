"""One session followed by a command: for a person, for a program, or in silence to its end."""

import asyncio
import sys
from collections.abc import Sequence
from typing import Any

from ....client.address import Address
from ....client.codebase import Codebase
from ....client.errors import LedgerApiError, LedgerClientError, LedgerUnreachable
from ....client.ledger import Ledger
from ....domain import events as e
from ..connection.options import Options
from ..connection.server import Item, Refused, unreachable
from ..failures import CTRL_C, DONE, INTERRUPTED, NEEDS_ANSWER, CommandFailed
from ..layout.paper import Paper, print_json
from ..way_out import complain
from .follow import Follower, Sink
from .hands import HEAD, Hands, keys_for
from .page import Page, terminal
from .sinks import JsonLines, Shown, Silent
from .totals import Totals
from .view import View


def follow_session(
    address: Address,
    codebase: Item,
    session: str | None,
    options: Options,
    *,
    wait: bool = False,
    no_input: bool = False,
    title: Sequence[str] = (),
) -> int:
    """Follow a session to its end, or all sessions of a codebase (None); the exit code. Raises `CommandFailed`."""
    follows = _Command(codebase, session, options, wait=wait, no_input=no_input)
    try:
        return asyncio.run(follows.run(address, title))
    except LedgerApiError as error:
        raise Refused(error) from None
    except LedgerUnreachable as error:
        raise unreachable(address.url, error) from None
    except LedgerClientError as error:
        raise CommandFailed(str(error)) from None


class _Command:
    def __init__(self, codebase: Item, session: str | None, options: Options, *, wait: bool, no_input: bool) -> None:
        self._codebase, self._session, self._options = codebase, session, options
        self._wait, self._no_input = wait, no_input
        self._totals = Totals()
        self._keys = not (wait or no_input or options.json) and sys.stdin.isatty() and sys.stdout.isatty()
        self._auto_approved = False
        # All of a session, but of a codebase only what runs now and what comes.
        self._after = 0 if session is not None else None

    async def run(self, address: Address, title: Sequence[str]) -> int:
        """Follow, and say how it ended."""
        async with Ledger(address.url, address.token or "") as ledger:
            client = ledger.codebase(self._codebase["id"])
            if self._no_input:
                self._auto_approved = bool((await client.info())["agent_config"].get("auto_approve"))
            code = await self._followed(client, title)
        self._say_end(code)
        return code

    async def _followed(self, client: Codebase, title: Sequence[str]) -> int:
        if self._wait or self._options.json:
            sink: Sink = Silent() if self._wait else JsonLines()
            return await self._follower(client, sink).follow(self._after)
        view = View(
            self._page(title), self._codebase["path"], totals=self._totals, hint=keys_for if self._keys else _hint
        )
        shown = Shown(view)
        follower = self._follower(client, shown)
        if not self._keys:
            return await self._left(view, follower)
        hands = Hands(client, follower, shown)
        with hands.keys.reading():
            try:
                return await self._left(view, follower)
            finally:
                await hands.close()

    async def _left(self, view: View, follower: Follower) -> int:
        try:
            return await follower.follow(self._after)
        finally:
            view.page.end_line()

    def _follower(self, client: Codebase, sink: Sink) -> Follower:
        return Follower(client, self._session, sink, self._totals, patient=self._patient)

    def _patient(self, event: e.Event) -> bool:
        """Whether to go on following after an event for which a person may be needed."""
        if isinstance(event, e.PermissionAsked):
            return not self._no_input or self._auto_approved
        return self._keys

    def _page(self, title: Sequence[str]) -> Page:
        page = Page(terminal(no_color=self._options.no_color))
        if not self._options.quiet:
            said = " · ".join([self._codebase["name"], *title])
            page.block(
                f"{said}    {Paper().identity(self._session or '')}    ctrl-c detaches".replace("    " * 2, "    "),
                "dim",
                0,
            )
            if self._keys:
                page.block(HEAD, "dim", 0)
            page.plain()
        return page

    def _say_end(self, code: int) -> None:
        """What a person or a program wants to know after the last event."""
        name, session = self._codebase["name"], Paper().identity(self._session or "")
        if self._wait:
            self._print_result(code)
        if self._options.quiet or self._options.json or self._session is None:
            return
        paper = Paper(no_color=self._options.no_color)
        if code in (CTRL_C, DONE) and not self._totals.status:
            complain(f"Detached; the agent works on. Follow it again: opencode-ledger watch {name}")
        elif code == NEEDS_ANSWER:
            complain(f"The agent of {name} needs an answer: opencode-ledger permissions {name}")
        elif code == INTERRUPTED and not self._totals.status:
            complain(f"The session is interrupted. Resume it: opencode-ledger send -c {name} MESSAGE")
        elif self._totals.status and not self._wait:
            files = f"opencode-ledger diff {name} {session}    " if self._totals.files else ""
            paper.hint(f"  {files}opencode-ledger show {name} {session}")

    def _print_result(self, code: int) -> None:
        totals = self._totals
        if not self._options.json:
            if totals.status == "completed":
                for line in totals.summary.split("\n") if totals.summary else ():
                    Paper(no_color=True).line(line.expandtabs(4))
            elif totals.summary and not totals.failure:  # why there is no answer, which nobody must take for one
                complain(totals.summary)
            if code and totals.failure:
                complain(f"opencode-ledger: {totals.failure}")
            return
        result: dict[str, Any] = {
            "session_id": self._session,
            "codebase_id": self._codebase["id"],
            "status": totals.status or ("interrupted" if code == INTERRUPTED else "running"),
            "summary": totals.summary,
            "error": totals.failure or None,
            "files": list(totals.files),
            "tokens": dict(totals.tokens),
            "cost": totals.cost,
            "last_event": totals.last,
        }
        print_json(result)


def _hint(asked: e.PermissionAsked) -> str:
    name = Paper().identity(asked.permission_id)
    if asked.kind == "question":
        return f"opencode-ledger permissions answer {name} ANSWER"
    return f"opencode-ledger permissions approve {name}, or reject {name}"
