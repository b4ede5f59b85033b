"""Whole outputs: what a tool printed beyond what the agent's model, and so the tool's event, was given of it.

The text is kept beside the log, in chunks, masked as one stream; its event holds a hash of it. The hash is salted, and
the salt is kept and erased with the text: nobody can guess an erased text and find the guess confirmed by the log.
"""

import re
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from ..ids import OutputId

CHUNK: Final = 65_536
"""Bytes of a chunk, at most; each is text in UTF-8 by itself."""

SALT: Final = 32
"""Bytes of a salt."""

Missing: TypeAlias = Literal["too_large", "gone", "refused", "changed", "unreadable", "not_kept", "off"]
"""Why not all of a whole output is on record.

`too_large`: it has more bytes than are kept. `gone`: the agent's file isn't there. `refused`: it is no plain file of the
agent's own, but a link, a pipe, or elsewhere. `changed`: what it holds isn't, or isn't all of, what the tool printed.
`unreadable`: it could not be read to its end. `not_kept`: there was no room for it, or no way to write it. `off`: the
server keeps none.
"""

_ENOUGH: Final = 200
"""Characters of the output's beginning, or its end, by which the agent's file is known to be of this output."""
_TRAILER, _TRAILER_END = "\n\n<bash_metadata>", "</bash_metadata>"
"""What opencode adds to what a shell printed, as where it was ended early."""

_OUTPUT_ID: Final = re.compile(r"out_[0-9a-f]{32}")


@dataclass(frozen=True, kw_only=True, slots=True)
class AgentOutput:
    """Where the agent has the whole: in a file at `path`, by its own account, or, if there is none, in `text`.

    `begins`, `ends`: what the whole begins or ends with, as far as the agent has shown it; unmasked.
    """

    path: str = ""
    text: str = field(default="", repr=False)
    begins: str = field(default="", repr=False)
    ends: str = field(default="", repr=False)

    def is_of(self, head: str, tail: str) -> bool:
        """Whether a text with this beginning and this end, unmasked, can be the one that the agent has shown."""
        return head.startswith(self.begins) and tail.endswith(self.ends)


@dataclass(frozen=True, kw_only=True, slots=True)
class WholeOutput:
    """What is on record of a whole output. Bytes are of the masked text in UTF-8, hashes salted and in hexadecimal.

    `kept`, `kept_sha256`: of the part that is kept, where it isn't all. `missing`: why it isn't.
    """

    output_id: OutputId | None = None
    bytes: int | None = None
    sha256: str | None = None
    kept: int | None = None
    kept_sha256: str | None = None
    missing: Missing | None = None


def shown_of(path: str, output: str) -> AgentOutput:
    """The agent's file of an output that was cut for its model. `output`: what the model was shown, which names the path.

    opencode shows the end of what a shell printed, below a note that names the file, and the beginning of all else, above one.
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
