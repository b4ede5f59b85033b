"""The three clients, made to do the same: with an event loop, without one, and in Node."""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, cast

from opencode_ledger.client import (
    Ledger,
    LedgerApiError,
    LedgerClientError,
    LedgerUnreachable,
    StreamHole,
    sync,
)

from ..programs import HERE, node_with_packages, output_of

CLIENT: Final = HERE.parents[1] / "client/javascript/ledger.js"
Wanted = Mapping[str, Any]


@dataclass
class Seen:
    """What following a stream brought. `error`: a word for what it ended with, if that was an error."""

    events: list[list[object]] = field(default_factory=list[list[object]])
    raw: list[str] = field(default_factory=list[str])
    taken: list[int] = field(default_factory=list[int])
    troubles: list[str | None] = field(default_factory=list[str | None])
    error: str | None = None
    position: int | None = None


def failed(error: Exception | None) -> str | None:
    """A word for an error."""
    match error:
        case None:
            return None
        case LedgerApiError():
            return f"{error.status} {error.code}"
        case LedgerUnreachable():
            return "lost" if error.sent else "unreachable"
        case StreamHole():
            return f"hole {error.last} {error.got}"
        case _:
            return type(error).__name__


class Remembered:
    """A cursor that keeps what it was given."""

    def __init__(self, after: int | None, seen: Seen) -> None:
        self._after, self._seen = after, seen

    def load(self, stream: str) -> int | None:
        return self._after

    def save(self, stream: str, position: int) -> None:
        self._seen.taken.append(position)


async def with_a_loop(wanted: Wanted) -> object:
    """As the asynchronous client does it."""
    if "method" not in wanted:
        seen = Seen()
        async with Ledger(wanted["url"]) as ledger:
            stream = ledger.codebase("x").events(**_options(wanted, seen))
            try:
                async with stream:
                    async for event in stream:
                        seen.events.append([event.id, event.event])
                        seen.raw.append(event.raw)
            except LedgerClientError as error:
                seen.error = failed(error)
        seen.position = stream.position
        return seen
    options = {"patience": wanted["patience"], "timeout": wanted["timeout"]}
    try:
        async with Ledger(wanted["url"], "secret-token", **options) as ledger:
            codebase = ledger.codebase("x y")
            match wanted["method"]:
                case "GET":
                    await ledger.status()
                case "POST":
                    await codebase.message("hello")
                case "PATCH":
                    await codebase.change(name="n")
                case _:
                    await codebase.delete()
    except LedgerClientError as error:
        return failed(error)
    return "ok"


async def without_a_loop(wanted: Wanted) -> object:
    """As the client that blocks does it, in a thread."""
    return await asyncio.to_thread(_blocking, wanted)


def _blocking(wanted: Wanted) -> object:
    if "method" not in wanted:
        return _blocking_stream(wanted)
    options = {"patience": wanted["patience"], "timeout": wanted["timeout"]}
    with sync.Ledger(wanted["url"], "secret-token", **options) as ledger:
        codebase = ledger.codebase("x y")
        calls: dict[str, Callable[[], object]] = {
            "GET": ledger.status,
            "POST": lambda: codebase.message("hello"),
            "PATCH": lambda: codebase.change(name="n"),
            "DELETE": codebase.delete,
        }
        try:
            calls[wanted["method"]]()
        except LedgerClientError as error:
            return failed(error)
    return "ok"


def _blocking_stream(wanted: Wanted) -> Seen:
    seen = Seen()
    with sync.Ledger(wanted["url"]) as ledger, ledger.codebase("x").events(**_options(wanted, seen)) as events:
        try:
            for event in events:
                seen.events.append([event.id, event.event])
                seen.raw.append(event.raw)
        except LedgerClientError as error:
            seen.error = failed(error)
        seen.position = events.position
    return seen


def _options(wanted: Wanted, seen: Seen) -> dict[str, Any]:
    def trouble(reason: LedgerApiError | LedgerUnreachable | None) -> None:
        seen.troubles.append(failed(reason))

    return {
        "after": Remembered(wanted["after"], seen),
        "session": wanted["session"],
        "patience": wanted["patience"],
        "silence": wanted["silence"],
        "on_trouble": trouble,
    }


async def in_node(all_wanted: Sequence[Wanted]) -> list[object]:
    """As the JavaScript client does it: all of it in one process of Node."""
    lines = "\n".join(json.dumps({"number": number, **wanted}) for number, wanted in enumerate(all_wanted))
    program = Path(__file__).with_name("each.mjs")
    printed = await output_of(await node_with_packages(), program, CLIENT, given=lines.encode())
    results: dict[int, object] = dict(json.loads(line) for line in printed.splitlines())
    ordered = [results[number] for number in range(len(all_wanted))]
    return [Seen(**cast("dict[str, Any]", one)) if isinstance(one, dict) else one for one in ordered]
