"""An agent's tool calls: each begins once, with complete arguments, and ends once, however often it is reported."""

from collections.abc import Collection, Iterator

from ..codebase.facts import ToolEnded, ToolStarted
from ..secrets.masker import Secrets
from ..untrusted_json import Fields, fields, json_of, number, text
from ..whole_output import AgentOutput, shown_of
from .command_times import CommandClock, CommandTimes
from .names import CALL, PART, recorded_name
from .streamed_text import Origin

COMMAND = "bash"
"""The tool that runs commands."""

OUTPUT_LIMIT = 100_000
"""Characters of a tool's output in its event; a longer output is kept whole beside the log."""


_LARGEST_CODE = 2**32
"""Windows has exit codes of 32 bits."""


class ToolCalls:
    """The tool calls of a session and its subagents."""

    def __init__(self, secrets: Secrets) -> None:
        self._secrets = secrets
        self._begun: set[str] = set()
        self._ended: set[str] = set()
        self._names: dict[tuple[str, str], str] = {}
        self._taken: set[str] = set()
        self._failed: set[str] = set()
        self._commands = CommandClock()

    def call_id(self, message_id: str, agent_call_id: str) -> str | None:
        """Our id for a call, from the agent's ids of message and call; None if it was never reported."""
        return self._names.get((message_id, agent_call_id))

    def has_failed(self, call_id: str | None) -> bool:
        """Whether a call failed, as a rejected one does."""
        return call_id in self._failed

    def command_times(self, waiting: Collection[str | None], since: float) -> CommandTimes:
        """See `CommandClock.times`."""
        return self._commands.times(waiting, since)

    def snapshot(self, origin: Origin, part: Fields) -> Iterator[ToolStarted | ToolEnded]:
        """Take the state of a call."""
        part_id, tool, state = text(part.get("id")), text(part.get("tool")), fields(part.get("state"))
        call_id = self._name(part, part_id)
        status = state.get("status")
        if status in ("running", "completed", "error") and part_id not in self._begun:
            self._begun.add(part_id)
            yield ToolStarted(
                session_id=origin.session_id,
                subagent=origin.subagent,
                call_id=call_id,
                tool=tool,
                args=json_of(state.get("input")),
                message_id=text(part.get("messageID")) or None,
            )
            if tool == COMMAND:
                self._commands.begins(part_id, call_id, number(fields(state.get("time")).get("start")))
        if status in ("completed", "error") and part_id not in self._ended:
            self._commands.ends(part_id, number(fields(state.get("time")).get("end")))
            self._ended.add(part_id)
            if status == "error":
                self._failed.add(call_id)
            yield self._end(origin, call_id, tool, state)

    def _name(self, part: Fields, part_id: str) -> str:
        """The agent's own id for the call, or the part's id where the model used that id before."""
        key = (text(part.get("messageID")), text(part.get("callID")))
        if key not in self._names:
            free = key[1] and key[1] not in self._taken
            self._names[key] = recorded_name(*(key[1], CALL) if free else (part_id, PART))
            self._taken.add(key[1])
        return self._names[key]

    def _end(self, origin: Origin, call_id: str, tool: str, state: Fields) -> ToolEnded:
        failed = state.get("status") == "error"
        # Masked before it is truncated: half a secret would no longer be recognised.
        shown = text(state.get("error" if failed else "output"))
        output = self._secrets.mask(shown)
        whole = _whole(shown, fields(state.get("metadata")))
        if len(output) > OUTPUT_LIMIT:
            whole = whole or AgentOutput(text=output)
            output = f"{output[:OUTPUT_LIMIT]}\n… ({len(output) - OUTPUT_LIMIT} more characters)"
        return ToolEnded(
            session_id=origin.session_id,
            subagent=origin.subagent,
            call_id=call_id,
            tool=tool,
            status="error" if failed else "completed",
            output=output,
            title=text(state.get("title")) or None,
            exit_code=_exit_code(fields(state.get("metadata"))) if tool == COMMAND else None,
            whole=whole,
        )


def _exit_code(metadata: Fields) -> int | None:
    """The exit code of a command; None where it was ended, or where the agent gives none."""
    code = metadata.get("exit")
    return code if isinstance(code, int) and not isinstance(code, bool) and abs(code) <= _LARGEST_CODE else None


def _whole(shown: str, metadata: Fields) -> AgentOutput | None:
    """Where the agent keeps the whole output; None where it truncated nothing, or keeps no whole output."""
    path = text(metadata.get("outputPath"))
    return shown_of(path, shown) if path and metadata.get("truncated") is True else None
