"""`opencode-ledger watch`: follows one agent, or all of them."""

from ..connection.candidates import Codebase
from ..connection.names import NoCodebase, codebase_of, session_meant
from ..connection.parameters import Connection, Options
from ..connection.server import Item, Server
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
    found, named = _meant(server, None if codebase == "." else codebase, session, options)
    one: int = loaded(".live.session:follow_session")(server.address, found, named, options)
    return one


def _meant(server: Server, codebase: str | None, session: str | None, options: Options) -> tuple[Item, str | None]:
    """The codebase, and the session's id if one is named. It may stand alone."""
    if session is None:
        try:
            return codebase_of(server, codebase, options), None
        except NoCodebase:
            pass
    found, named = session_meant(server, codebase, session, options)
    return found, named["id"]
