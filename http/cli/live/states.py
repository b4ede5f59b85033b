"""All codebases at once, for a token that may not read every event: a line for each change of what an agent is doing. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from ..commands.codebase_list import STATES
from ..layout.amounts import words
from ..layout.asked import in_short
from .words import Said

Overview = Mapping[str, Any]

ENDS: Final = {"completed": ("✔", "completed", "green"), "stopped": ("·", "stopped", "magenta")}
"""How the last session of an idle agent ended: sign, word and style."""

OVER: Final = frozenset({"completed", "failed", "stopped"})


class States:
    """Takes the overviews of one codebase in order. The same overview again, as after a lost connection, says nothing."""

    def __init__(self) -> None:
        self._before: Overview | None = None
        self._shown = self._open = ""
        self._asked = set[str]()

    def lines(self, overview: Overview | None) -> Iterator[Said]:
        """The lines for the next overview. None: the codebase is gone."""
        if overview is None:
            yield Said("", "unregistered", "dim")
            self._before = None
            return
        before, self._before = self._before, overview
        is_new = before is None or _kind(before) != _kind(overview)
        yield from self._spoken(str(overview.get("says") or ""), is_first=before is None, is_whole=is_new)
        if is_new and (line := _state(overview, is_first=before is None)) is not None:
            yield line

    def requests(self, waiting: Sequence[Mapping[str, Any]], identity: str) -> Iterator[Said]:
        """The requests of the codebase with this id that were not shown yet, among all that wait."""
        for asked in waiting:
            if asked["codebase"]["id"] == identity and asked["id"] not in self._asked:
                self._asked.add(asked["id"])
                yield Said("! asks", in_short(asked), "bold yellow")

    def _spoken(self, says: str, *, is_first: bool, is_whole: bool) -> Iterator[Said]:
        """What the agent has said, once: when another line follows it, or the state changes. `is_whole`: it does."""
        shown = self._shown
        if is_first:
            self._shown = self._open = says
            return
        goes_on = says.startswith(self._open)
        for said in dict.fromkeys(([] if goes_on else [self._open]) + [says] * is_whole):
            if said and said != shown:
                self._shown = said
                yield Said("agent", words(said))
        self._open = says


def _kind(overview: Overview) -> tuple[object, ...]:
    """What makes a state another one."""
    session: Overview = overview.get("session") or {}
    return overview["state"], session.get("id"), overview.get("reason")


def _state(overview: Overview, *, is_first: bool) -> Said | None:
    """The line of a state. None for one that passes, or that what the agent asks stands for."""
    state = str(overview["state"])
    session: Overview = overview.get("session") or {}
    status = str(session.get("status"))
    if state == "needs_you" or (state == "running" and status in OVER):
        return None
    if state == "idle" and status in ENDS and not is_first:
        return Said(*ENDS[status])
    label, style = STATES.get(state, (f"· {state}", ""))
    sign, _, name = label.partition(" ")
    about = words(overview.get("reason") if state == "failed" else None) or words(session.get("prompt"))
    return Said(sign, f"{name}{f': {about}' if about and state != 'idle' else ''}", style)
