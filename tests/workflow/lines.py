"""The curl lines: those of the API document's Complete Workflow as they stand there, and a few more like them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

HOST: Final = "https://agentmesh.run"
PATH: Final = "/home/user/my-app"
CODEBASE: Final = "cb_abc123"

_HERE: Final = Path(__file__).parent


@dataclass(frozen=True)
class Line:
    """One command with the comment above it, word for word."""

    title: str
    command: str

    def on(self, host: str, path: str, codebase: str) -> str:
        """The same command for another host, path and codebase; nothing else differs."""
        return self.command.replace(HOST, host).replace(PATH, path).replace(CODEBASE, codebase)


def lines_of(name: str) -> list[Line]:
    """The commands in a file beside this one, in order."""
    blocks = (_HERE / name).read_text(encoding="utf-8").strip().split("\n\n")
    titled = (block.split("\n", 1) for block in blocks)
    return [Line(title.removeprefix("# "), command) for title, command in titled]


STATUS, REGISTER, MODELS, TRIGGER, WATCH, FOLLOW_UP, STOP = lines_of("complete_workflow.sh")
AGENT, INTERRUPT, RESUME, WATCH_ALL = lines_of("more_lines.sh")
