"""Whole outputs of tools: the agent's model, and so the tool's event, may have only a part of what a tool printed.

The text is kept beside the log, in chunks, masked as one stream; its event has a hash of it. The hash is salted, and
the salt is erased with the text: nobody can guess an erased text and confirm the guess with the log.
"""

import re
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias, TypedDict

from .ids import OutputId

CHUNK: Final = 65_536
"""Bytes of a chunk, at most; each chunk is valid UTF-8."""

SALT: Final = 32
"""Bytes of a salt."""

Missing: TypeAlias = Literal["too_large", "gone", "refused", "changed", "unreadable", "not_kept", "off"]
"""Why not all of a whole output is on record.

- `too_large`: it has more bytes than are kept.
- `gone`: the agent's file is missing.
- `refused`: it is not a plain file of the agent's own, but a link, a pipe, or a file elsewhere.
- `changed`: the file's content is not, or not all of, what the tool printed.
- `unreadable`: it could not be read to its end.
- `not_kept`: the disk is full, or it could not be written.
- `off`: the server keeps no outputs.
"""

_ENOUGH: Final = 200
"""Characters of the output's beginning or end that identify the agent's file as this output's."""
_TRAILER, _TRAILER_END = "\n\n<bash_metadata>", "</bash_metadata>"
"""What opencode adds to a shell's output, for example where the command was ended early."""

_OUTPUT_ID: Final = re.compile(r"out_[0-9a-f]{32}")


@dataclass(frozen=True, kw_only=True, slots=True)
class AgentOutput:
    """Where the agent has the whole output: in a file at `path`, as it claims, or in `text`.

    `begins`, `ends`: the beginning or the end of the whole output that the agent has shown; unmasked.
    """

    path: str = ""
    text: str = field(default="", repr=False)
    begins: str = field(default="", repr=False)
    ends: str = field(default="", repr=False)

    def is_of(self, head: str, tail: str) -> bool:
        """Whether a text with this beginning and this end, unmasked, can be the output that the agent has shown."""
        return head.startswith(self.begins) and tail.endswith(self.ends)


@dataclass(frozen=True, kw_only=True, slots=True)
class WholeOutput:
    """What is on record of a whole output. Sizes are of the masked text in UTF-8; hashes are salted, in hexadecimal.

    `kept`, `kept_sha256`: size and hash of the kept part, where not all is kept. `missing`: why not all is kept.
    """

    output_id: OutputId | None = None
    bytes: int | None = None
    sha256: str | None = None
    kept: int | None = None
    kept_sha256: str | None = None
    missing: Missing | None = None


class WholeMembers(TypedDict):
    """The members of an event that say what is on record of a whole output, as keyword arguments."""

    whole_id: OutputId | None
    whole_bytes: int | None
    whole_sha256: str | None
    whole_kept: int | None
    whole_kept_sha256: str | None
    whole_missing: Missing | None


def whole_members(whole: WholeOutput) -> WholeMembers:
    """What an event says of a whole output."""
    return {
        "whole_id": whole.output_id,
        "whole_bytes": whole.bytes,
        "whole_sha256": whole.sha256,
        "whole_kept": whole.kept,
        "whole_kept_sha256": whole.kept_sha256,
        "whole_missing": whole.missing,
    }


def shown_of(path: str, output: str) -> AgentOutput:
    """The agent's file of an output that was truncated for its model. `output`: what the model got, which names the path.

    opencode shows the end of a shell's output, below a note that names the file. Of other outputs it shows the beginning,
    above such a note.
    """
    before, named, after = output.partition(path)
    if not named:
        return AgentOutput(path=path)
    if before.startswith("..."):
        shown = after.partition("\n\n")[2]
        shown = shown.rpartition(_TRAILER)[0] if shown.endswith(_TRAILER_END) else shown
        return AgentOutput(path=path, ends=shown[-_ENOUGH:])
    return AgentOutput(path=path, begins=before.partition("\n\n...")[0][:_ENOUGH])


def is_output_id(name: str) -> bool:
    """Whether a whole output can have this name."""
    return _OUTPUT_ID.fullmatch(name) is not None
