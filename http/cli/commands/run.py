"""`opencode-ledger run`: starts an agent, and follows it to its end."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from ..connection.candidates import InCodebase
from ..connection.names import codebase_of, enclosing
from ..connection.parameters import Connection, Options
from ..connection.registering import check_same_machine, register, root_of
from ..connection.server import Item, Refused, Server
from ..failures import DONE, CommandFailed
from ..late import loaded
from ..layout.paper import Paper, print_json
from ..texts import given_text
from ..way_out import complain

Flag = Annotated[bool, Parameter(negative="", show_default=False)]


def run(
    prompt: str | None = None,
    /,
    *,
    file: Path | None = None,
    codebase: InCodebase = None,
    model: Annotated[str | None, Parameter(name=("--model", "-m"))] = None,
    agent: str | None = None,
    attach: Annotated[tuple[str, ...], Parameter(name=("--attach", "-f"), negative="", show_default=False)] = (),
    detach: Annotated[bool, Parameter(name=("--detach", "-d"), negative="", show_default=False)] = False,
    wait: Flag = False,
    no_input: Flag = False,
    register_: Annotated[bool, Parameter(name="--register", negative="", show_default=False)] = False,
    options: Connection = None,
) -> int:
    """Start an agent with a prompt, and follow it. Ctrl-C detaches: the agent works on. `?` lists the keys that steer it.

    Exit codes: 0 the agent completed its work. 1 it failed. 2 it was not started. 3 it needs an answer (with --no-input).
    4 it was interrupted or stopped. 130 Ctrl-C.

    Parameters
    ----------
    prompt
        What the agent shall do. `-`, or nothing with standard input redirected: read it from standard input.
    file
        A file with the prompt.
    codebase
        Its name, id, or a part of its id. Default: the codebase of this directory.
    model
        The model, as provider/model.
    agent
        The agent: build, plan, explore or general. Default: build.
    attach
        A file of the codebase that is given to the agent with the prompt. Repeat the option for more.
    detach
        Don't follow: print the session's id and return.
    wait
        Wait for the end without a view, then print the agent's last answer.
    no_input
        Ask nobody: end with 3 as soon as the agent asks something. It keeps waiting.
    register_
        Register this directory if it belongs to no codebase, without asking.

    """
    options = options or Options()
    if detach and wait:
        raise CommandFailed("Use --detach or --wait, not both.")
    text = given_text(prompt, file, "a prompt")
    server = Server(options)
    found = _codebase(server, codebase, options, register_=register_, ask=not no_input)
    started = _trigger(server, found, {"prompt": text, "model": model, "agent": agent, "files": list(attach) or None})
    if detach:
        return _print_started(started, options)
    code: int = loaded(".live.session:follow_session")(
        server.address, found, started["session_id"], options, wait=wait, no_input=no_input, title=_title(agent, model)
    )
    return code


def _print_started(started: Item, options: Options) -> int:
    if options.json:
        print_json(started)
    else:
        Paper().line(started["session_id"])
    return DONE


def _title(agent: str | None, model: str | None) -> Sequence[str]:
    return [part for part in (agent or "build", model) if part]


def _trigger(server: Server, codebase: Item, body: dict[str, object]) -> Item:
    try:
        return server.post(f"/codebases/{codebase['id']}/trigger", body)
    except Refused as error:
        if error.code == "agent_already_running":
            name = codebase["name"]
            hint = f"Send it a message (`opencode-ledger send`), or queue this (`opencode-ledger tasks add -c {name}`)."
            raise CommandFailed(f"{error.message} {hint}") from None
        raise


def _codebase(server: Server, given: str | None, options: Options, *, register_: bool, ask: bool) -> Item:
    """The codebase to work in. A directory that belongs to none is registered, if the person agrees."""
    known: list[Item] = server.get("/codebases")
    if given is not None or enclosing(options.place, known) is not None:
        return codebase_of(server, given, options)
    check_same_machine(server, options.place)
    root = root_of(options.place)
    if not register_:
        if not (ask and sys.stdin.isatty() and sys.stderr.isatty()):
            raise CommandFailed(
                f"{options.place} belongs to no codebase of {server.url}. Add --register to register {root}, or name a "
                "codebase with --codebase."
            )
        complain(f"{options.place} belongs to no codebase yet. Register {root} as {root.name!r}? [Y/n]")
        answer = sys.stdin.readline()
        if not answer or answer.strip().lower() not in ("", "y", "yes"):  # the end of the input is no answer
            raise CommandFailed("Nothing was started.")
    added = register(server, root, name=None)
    if not options.quiet:
        complain(f"Registered {added['path']} as {added['name']} ({Paper().identity(added['id'])}).")
    return added
