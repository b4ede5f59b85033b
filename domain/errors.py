"""What can go wrong, and whose fault it was: the caller's, the agent's or the store's.

Each class has a stable `code`. Its docstring is its message unless a better one is given. `http` decides which HTTP
status answers which error.
"""

import inspect
from collections.abc import Sequence
from typing import Final

MOST_IDS: Final = 20
"""Ids that an error lists at most."""


class LedgerError(Exception):
    """Something went wrong."""

    code: str = "error"

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or inspect.cleandoc(type(self).__doc__ or "").split("\n")[0])

    @property
    def message(self) -> str:
        """One sentence for people."""
        return str(self)


# --- the caller's -----------------------------------------------------------------------------------------------


class InvalidInput(LedgerError):
    """The request is not valid."""

    code = "invalid_input"


class UnknownModel(InvalidInput):
    """opencode does not offer this model."""

    code = "unknown_model"


class Forbidden(LedgerError):
    """This is not allowed."""

    code = "forbidden"


class PathOutsideRoots(Forbidden):
    """The path is outside the directories that this server may work in."""

    code = "path_outside_roots"


class DirectoryHoldsData(Forbidden):
    """The directory contains this server's own data; choose another directory, or move the data with `--data`."""

    code = "directory_holds_data"


class ProjectConfigUntrusted(Forbidden):
    """The codebase has its own agent configuration and is not trusted."""

    code = "project_config_untrusted"


class CalledByAgent(Forbidden):
    """This request came from an agent's process, and an agent can't use the service that runs it."""

    code = "called_by_agent"


class CallerUnknown(Forbidden):
    """The sender of this request could not be identified while agents run; wait for the response, or use `--token-file`."""

    code = "caller_unknown"


class NotFound(LedgerError):
    """Not found."""

    code = "not_found"


class CodebaseNotFound(NotFound):
    """Codebase not found"""

    code = "codebase_not_found"


class TaskNotFound(NotFound):
    """Task not found"""

    code = "task_not_found"


class PermissionNotFound(NotFound):
    """The agent never asked for a permission with this id."""

    code = "permission_not_found"


class OutputNotFound(NotFound):
    """The codebase has no output with this id; it may have been erased."""

    code = "output_not_found"


class DiffNotFound(NotFound):
    """The session changed no such file, or its differences are not on record; the list of its changes says why."""

    code = "diff_not_found"


class Conflict(LedgerError):
    """The command is not possible in the current state."""

    code = "conflict"


class AgentRunning(Conflict):
    """The agent is already running on this codebase; send a message, or interrupt or stop it first."""

    code = "agent_already_running"


class NothingToActOn(Conflict):
    """No agent session is active on this codebase; trigger an agent first."""

    code = "no_active_session"


class AgentStopping(Conflict):
    """The agent is being stopped; try again when it has stopped."""

    code = "agent_stopping"


class TaskEnded(Conflict):
    """The task has already ended; create a new task to do more."""

    code = "task_ended"


class TaskNotQueued(Conflict):
    """Only a task that waits in the queue can be changed; this one has a session already, or has ended."""

    code = "task_not_queued"


class TaskNotEnded(Conflict):
    """The task has not ended, so there is nothing to repeat; stop it first, or resume it with a message if it is interrupted."""

    code = "task_not_ended"


class TaskErased(Conflict):
    """The task's content was erased, so it can't be repeated; create a new task."""

    code = "task_erased"


class PlaceNotPossible(Conflict):
    """This place in the queue is not possible with this priority; send only one of them."""

    code = "place_not_possible"


class PermissionAnswered(Conflict):
    """This permission was already answered."""

    code = "permission_already_answered"


class PermissionExpired(Conflict):
    """This permission was rejected because nobody answered it in time."""

    code = "permission_expired"


class PermissionWithdrawn(Conflict):
    """This permission was rejected because the agent's run ended before it was answered."""

    code = "permission_withdrawn"


class AlreadyRegistered(Conflict):
    """This directory is already registered."""

    code = "already_registered"


class CodebaseAmbiguous(Conflict):
    """This name belongs to several codebases; use an id instead."""

    code = "codebase_ambiguous"

    def __init__(self, codebases: Sequence[str]) -> None:
        self.codebases = tuple(codebases)
        more = f" and {len(codebases) - MOST_IDS} more" if len(codebases) > MOST_IDS else ""
        ids = ", ".join(codebases[:MOST_IDS])
        super().__init__(f"This name belongs to {len(codebases)} codebases: {ids}{more}; use an id instead.")


# --- the agent's ------------------------------------------------------------------------------------------------


class AgentError(LedgerError):
    """The agent failed."""

    code = "AGENT_ERROR"

    def __init__(self, message: str | None = None, *, code: str | None = None) -> None:
        super().__init__(message)
        if code:
            self.code = code


AGENT_UNREACHABLE = "AGENT_UNREACHABLE"
"""The code of an `AgentError` of which only one thing is known: the agent's program didn't answer."""


class AgentUnavailable(AgentError):
    """opencode is not available; see `GET /v1/opencode/status` for the reason."""

    code = "agent_unavailable"


# --- ours -------------------------------------------------------------------------------------------------------


class StoreError(LedgerError):
    """The log, or a file beside it, could not be read or written; see `GET /readyz` for the reason."""

    code = "store_unavailable"


class WrongExpectedVersion(StoreError):
    """Another writer appended to this stream first."""

    code = "wrong_expected_version"

    def __init__(self, current: int, expected: int) -> None:
        super().__init__(f"The stream is at {current}, not at {expected}: another writer appended to it.")
        self.current, self.expected = current, expected


class ActorStopped(LedgerError):
    """The server is shutting down and accepts no new commands; try again after its restart."""

    code = "shutting_down"
