"""`opencode-ledger doctor`: whether everything that agents need is there, and what to do about what isn't."""

import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

from ..connection.contexts import file_place
from ..connection.parameters import Connection, Options
from ..connection.server import Item, Refused, Server
from ..failures import NO_SERVICE, CommandFailed
from ..layout.paper import Paper, print_json

State = Literal["ok", "warning", "problem"]

SIGNS: Final[dict[State, tuple[str, str]]] = {
    "ok": ("✔", "green"),
    "warning": ("!", "yellow"),
    "problem": ("✗", "red"),
}


class Finding(NamedTuple):
    """What was checked, how it is, and what to do."""

    what: str
    state: State
    said: str


def doctor(*, options: Connection = None) -> int:
    """Check the service, its log, opencode, the models, your token and this machine's tools.

    Exit codes: 0 nothing is broken. 1 something is. 5 no service answers.
    """
    options = options or Options()
    found = list(_findings(options))
    problems = [one for one in found if one.state == "problem"]
    if options.json:
        print_json([one._asdict() for one in found])
    else:
        paper = Paper(no_color=options.no_color)
        for one in found:
            sign, style = SIGNS[one.state]
            paper.line((sign, style), " ", (f"{one.what:<10}", "bold"), " ", one.said)
    if any(one.what == "server" for one in problems):
        return NO_SERVICE
    return 1 if problems else 0


def _findings(options: Options) -> Iterator[Finding]:
    server = Server(options)
    try:
        ready: Item = server.outside("/readyz")
    except CommandFailed as error:
        yield Finding("server", "problem", error.message)
    else:
        yield Finding("server", "ok", f"{server.url}  {_version(server)}")
        yield from _of_service(server, ready)
        yield _token(server)
        yield from _contexts()
    yield from _of_machine()


def _version(server: Server) -> str:
    try:
        document: Any = server.outside("/openapi.json")
        return str(document["info"]["version"])
    except (CommandFailed, KeyError, TypeError):
        return "of an unknown version"


def _of_service(server: Server, ready: Item) -> Iterator[Finding]:
    said = str(ready.get("opencode"))
    status: Item = server.get("/status")
    fine = said == "ok" or said.startswith("ok.")
    yield Finding("opencode", "ok" if fine else "problem", _binary(status, said) if fine else said)
    if fine:
        yield _models(server)
    for part in ("log", "views"):
        state = str(ready.get(part))
        where = f"{ready['position']:,} events, writable" if part == "log" else "up to date"
        yield Finding(part, "ok" if state == "ok" else "problem", where if state == "ok" else state)


def _binary(status: Item, said: str) -> str:
    note = said.removeprefix("ok").removeprefix(". ")
    return f"{status['opencode_binary']}{f'  {note}' if note else ''}"


def _models(server: Server) -> Finding:
    try:
        models: list[Item] = server.get("/models")
    except Refused as error:
        return Finding("models", "problem", error.message)
    if not models:
        return Finding("models", "problem", "No model can be used. Run `opencode auth login`.")
    providers = ", ".join(sorted({str(model["provider"]) for model in models}))
    return Finding("models", "ok", f"{len(models)} of {providers}")


def _token(server: Server) -> Finding:
    if server.address.token is not None:
        return Finding("token", "ok", "accepted")
    local = "://127." in server.url or "://localhost" in server.url
    reach = "only this machine, but every local user, can connect" if local else "anybody can connect"
    return Finding("token", "warning", f"none: {reach}")


def _contexts() -> Iterator[Finding]:
    place = file_place()
    if place.exists() and place.stat().st_mode & 0o077:
        yield Finding("contexts", "problem", f"{place} can be read by others. Run: chmod 600 {place}")


def _of_machine() -> Iterator[Finding]:
    yield Finding("python", "ok", platform.python_version())
    for name, advice in (("git", "Agents need it. Install git."), ("rg", "Agents search slowly without ripgrep.")):
        version = _asked(name)
        state: State = "ok" if version else "problem" if name == "git" else "warning"
        yield Finding(name, state, version or advice)


def _asked(name: str) -> str | None:
    """The version that a program on this machine reports, or None if it isn't there."""
    beside = Path(sys.executable).with_name(name)
    if (program := shutil.which(name) or (str(beside) if beside.exists() else None)) is None:
        return None
    try:
        done = subprocess.run([program, "--version"], capture_output=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.decode("utf-8", "replace").split("\n")[0].strip() or None
