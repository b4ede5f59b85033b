"""`opencode-ledger watch`: follows one agent, or all of them."""

from ..connection.candidates import Codebase
from ..connection.names import codebase_of, session_of
from ..connection.options import Connection, Options
from ..connection.server import Server
from ..late import loaded


def watch(codebase: Codebase = None, session: str | None = None, /, *, options: Connection = None) -> int:
    """Follow an agent as it works. Without CODEBASE, follow all of them, one line for each event.

    It resumes by itself after any loss of the connection; nothing is missing then, and nothing comes twice. Ctrl-C ends
    it, and the agents work on. With SESSION it ends with the session, and with the exit codes of `run`.

    With --json, each event is a line: {"id": …, "event": …, "data": …}.

    Parameters
    ----------
    codebase
        Its name, id, or a part of its id. Default: all codebases. `.` is the codebase of this directory.
    session
        The session's id, or a part of it: follow it from its beginning to its end.

    """
    options = options or Options()
    server = Server(options)
    if codebase is None:
        everything: int = loaded(".live.everything:follow_all")(server, options)
        return everything
    found = codebase_of(server, None if codebase == "." else codebase, options)
    named = session_of(server, found, session)["id"] if session is not None else None
    one: int = loaded(".live.session:follow_session")(server.address, found, named, options)
    return one
