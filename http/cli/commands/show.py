"""`opencode-ledger show`: what was said and done in a session."""

from typing import Annotated

from cyclopts import Parameter

from ..connection.candidates import Codebase
from ..connection.names import codebase_of, session_of
from ..connection.options import Connection, Options
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
        Show it as it was after this event (its number in the codebase) or at this UTC time (2026-01-31T12:00:00Z).
    full
        Show all of what tools changed and printed.

    """
    options = options or Options()
    server = Server(options)
    found = codebase_of(server, codebase, options)
    named = session_of(server, found, session)
    messages: Item = server.get(f"/codebases/{found['id']}/messages", session_id=named["id"], at=at)
    if options.json:
        print_json({"session": named, **messages})
        return 0
    loaded(".live.transcript:print_session")(found, named, messages["messages"], options, full=full)
    return 0
