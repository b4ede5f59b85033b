"""`opencode-ledger send`, `interrupt` and `stop`: what is said to an agent that works, or that was interrupted."""

from pathlib import Path

from ..connection.candidates import Codebase, InCodebase
from ..connection.names import codebase_of
from ..connection.parameters import Connection, Options
from ..connection.server import Server
from ..layout.paper import Paper, print_json
from ..texts import given_text


def send(
    message: str | None = None,
    /,
    *,
    codebase: InCodebase = None,
    file: Path | None = None,
    model: str | None = None,
    agent: str | None = None,
    options: Connection = None,
) -> int:
    """Send a message to the session of a codebase. It steers an agent that works, and resumes an interrupted one.

    Example: `opencode-ledger send "Also add type hints" -c shop`

    Parameters
    ----------
    message
        The message. `-`, or nothing with standard input redirected: read it from standard input.
    codebase
        Its name, id, or a part of its id. Default: the codebase of this directory.
    file
        A file with the message.
    model
        The model to continue with, as provider/model.
    agent
        The agent to continue with: build, plan, explore or general.

    """
    options = options or Options()
    text = given_text(message, file, "a message")
    server = Server(options)
    found = codebase_of(server, codebase, options)
    body: dict[str, object] = {"message": text, "model": model, "agent": agent}
    return _done(server, options, f"/codebases/{found['id']}/message", body, f"Sent to {found['name']}.")


def interrupt(codebase: Codebase = None, /, *, options: Connection = None) -> int:
    """Interrupt the agent of a codebase, and keep its session. `opencode-ledger send` resumes it.

    The command returns when the commands of the interrupted tool calls have ended.

    Parameters
    ----------
    codebase
        Its name, id, or a part of its id. Default: the codebase of this directory.

    """
    return _command(codebase, options or Options(), "interrupt", "Interrupted {}. `opencode-ledger send` resumes it.")


def stop(codebase: Codebase = None, /, *, options: Connection = None) -> int:
    """Stop the agent of a codebase and end its session.

    The command returns when no process of the agent is left.

    Parameters
    ----------
    codebase
        Its name, id, or a part of its id. Default: the codebase of this directory.

    """
    return _command(codebase, options or Options(), "stop", "Stopped {}.")


def _command(codebase: str | None, options: Options, action: str, said: str) -> int:
    server = Server(options)
    found = codebase_of(server, codebase, options)
    return _done(server, options, f"/codebases/{found['id']}/{action}", None, said.format(found["name"]))


def _done(server: Server, options: Options, path: str, body: dict[str, object] | None, said: str) -> int:
    answer = server.post(path, body)
    if options.json:
        print_json(answer)
    elif not options.quiet:
        Paper(no_color=options.no_color).line(said)
    return 0
