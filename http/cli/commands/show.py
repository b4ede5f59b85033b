"""`opencode-ledger show`: what was said and done in a session."""

from typing import Annotated

from cyclopts import Parameter

from ..connection.candidates import Codebase
from ..connection.moments import moment_of
from ..connection.names import session_meant
from ..connection.parameters import Connection, Options
from ..connection.server import Item, Server
from ..late import loaded
from ..layout.paper import print_json


def show(
    codebase: Codebase = None,
    session: str | None = None,
    /,
    *,
    at: str | None = None,
    full: Annotated[bool, Parameter(negative="", show_default=False)] = False,
    options: Connection = None,
) -> int:
    """Show a session: prompts, answers and tool calls. `audit show` has all that was recorded, also without a server.

    Parameters
    ----------
    codebase
        Its name, id, or a part of its id. Default: the codebase of this directory.
    session
        The session's id, or a part of it. Default: the newest session.
    at
        Show it as it was at this time (08:15, or 2026-01-31T12:00:00Z), or after the event with this number.
    full
        Show all of what tools changed and printed.

    """
    options = options or Options()
    server = Server(options)
    moment = moment_of(at)
    found, named = session_meant(server, codebase, session, options, moment)
    messages: Item = server.get(f"/codebases/{found['id']}/messages", session_id=named["id"], at=moment)
    if options.json:
        print_json({"session": named, **messages})
        return 0
    loaded(".live.transcript:print_session")(found, named, messages["messages"], options, full=full)
    return 0
