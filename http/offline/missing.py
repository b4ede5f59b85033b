"""The errors for codebases and sessions that a log doesn't have. They say how to list what it has."""

from ...domain.errors import CodebaseNotFound, InvalidInput
from ...domain.ids import CodebaseId, Sequence, SessionId


def no_codebase(codebase: CodebaseId) -> CodebaseNotFound:
    """A codebase that isn't in the log."""
    return CodebaseNotFound(f"The log has no codebase {codebase}; `opencode-ledger audit show` lists all codebases.")


def no_session(codebase: CodebaseId, session: SessionId, upto: Sequence | None = None) -> InvalidInput:
    """A session that isn't in a codebase, or not yet at a moment."""
    there = f"`opencode-ledger audit show {codebase}` lists all sessions"
    return InvalidInput(f"{codebase} has no session {session}{f' up to event {upto}' if upto else ''}; {there}.")
