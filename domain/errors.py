"""What can go wrong, and whose fault it was: the caller's, the agent's or the store's.

Each class has a stable `code`, and its docstring is its message unless a better one is given. Which HTTP
status answers which error is for `http` to say.
"""

import inspect


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
    """opencode offers no such model."""

    code = "unknown_model"


class Forbidden(LedgerError):
    """This is not allowed."""

    code = "forbidden"


class PathOutsideRoots(Forbidden):
    """The path lies outside the directories that this server may work in."""

    code = "path_outside_roots"


class DirectoryHoldsData(Forbidden):
    """Agents may not work where this server's own data is: choose another directory, or keep the data elsewhere with `--data`."""

    code = "directory_holds_data"


class ProjectConfigUntrusted(Forbidden):
    """The codebase brings its own agent configuration and is not trusted."""

    code = "project_config_untrusted"


class CalledByAgent(Forbidden):
    """An agent can't use the service that runs it: this request came from one of its processes."""

    code = "called_by_agent"


class CallerUnknown(Forbidden):
    """While agents run, who asks must be seen to be none, and who sent this is gone or hidden: wait for the answer, or use `--token-file`."""

    code = "caller_unknown"


class NotFound(LedgerError):
    """There is no such thing."""

    code = "not_found"


class CodebaseNotFound(NotFound):
    """Codebase not found"""

    code = "codebase_not_found"


class TaskNotFound(NotFound):
    """Task not found"""

    code = "task_not_found"


class PermissionNotFound(NotFound):
    """The agent has never asked for a permission with this id."""

    code = "permission_not_found"


class OutputNotFound(NotFound):
    """There is no such output of this codebase; it may have been erased."""

    code = "output_not_found"


class Conflict(LedgerError):
    """The command does not fit the present state."""

    code = "conflict"


class AgentRunning(Conflict):
    """The agent is already running on this codebase; send a message, or interrupt or stop it first."""

    code = "agent_already_running"


class NothingToActOn(Conflict):
    """No agent session is active on this codebase; trigger one first."""

    code = "no_active_session"


class AgentStopping(Conflict):
    """The agent is being stopped."""

    code = "agent_stopping"


class TaskEnded(Conflict):
    """The task has already ended."""

    code = "task_ended"


class PermissionAnswered(Conflict):
    """This permission was already answered."""

    code = "permission_already_answered"


class PermissionExpired(Conflict):
    """Nobody answered this permission in time, and it was rejected."""

    code = "permission_expired"


class PermissionWithdrawn(Conflict):
    """The agent's run ended before this permission was answered, and it was rejected."""

    code = "permission_withdrawn"


class AlreadyRegistered(Conflict):
    """This directory is already registered."""

    code = "already_registered"


# --- the agent's ------------------------------------------------------------------------------------------------


class AgentError(LedgerError):
    """The agent failed."""

    code = "AGENT_ERROR"

    def __init__(self, message: str | None = None, code: str | None = None) -> None:
        super().__init__(message)
        if code:
            self.code = code


AGENT_UNREACHABLE = "AGENT_UNREACHABLE"
"""The code of an `AgentError` that says no more than that the agent's program didn't answer."""


class AgentUnavailable(AgentError):
    """opencode is not available."""

    code = "agent_unavailable"


# --- ours -------------------------------------------------------------------------------------------------------


class StoreError(LedgerError):
    """The log could not be written."""

    code = "store_unavailable"


class WrongExpectedVersion(StoreError):
    """Another writer appended to this stream first."""

    code = "wrong_expected_version"

    def __init__(self, current: int, expected: int) -> None:
        super().__init__(f"The stream is at {current}, not at {expected}: another writer appended to it.")
        self.current, self.expected = current, expected


class ActorStopped(LedgerError):
    """The server is shutting down and takes no new commands."""

    code = "shutting_down"
