"""Whole outputs of imported sessions: a sync keeps them before it records their messages.

The agent keeps its file of an output for some days only. If the file is gone, the record says so.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from ..domain.codebase.commands import ImportSession
from ..domain.codebase.imported import ExternalMessage, ExternalOutput
from ..domain.ids import CodebaseId
from ..domain.whole_output import AgentOutput, WholeOutput
from .whole_outputs import OutputKeeper

MOST: Final = 16
"""Calls for which one file is kept. A forked session names a file again. A million calls could fill the disk with it."""


class ExternalOutputs:
    """The outputs of one sync of a codebase."""

    def __init__(self, codebase: CodebaseId, keeper: OutputKeeper) -> None:
        self._codebase, self._keeper = codebase, keeper
        self._named = Counter[str]()

    async def kept(self, command: ImportSession, news: Iterable[ExternalMessage]) -> ImportSession:
        """The command, whose new messages say what was kept of their outputs, and no longer where the outputs are."""
        new = {message.id for message in news if message.outputs}
        if not new:
            return command
        messages = [await self._complete(message) if message.id in new else message for message in command.messages]
        return replace(command, messages=tuple(messages))

    async def _complete(self, message: ExternalMessage) -> ExternalMessage:
        return replace(message, outputs=tuple([await self._keep(output) for output in message.outputs]))

    async def _keep(self, output: ExternalOutput) -> ExternalOutput:
        whole = output.whole
        if not isinstance(whole, AgentOutput):
            return output
        self._named[whole.path] += bool(whole.path)
        if self._named[whole.path] > MOST:
            return replace(output, whole=WholeOutput(missing="refused"))
        return replace(output, whole=await self._keeper.imported(self._codebase, whole))
