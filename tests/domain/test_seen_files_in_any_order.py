"""Tools, a shell and looks at the directory in any order: what is recorded in the end is what became of the files."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from opencode_ledger.domain.codebase import facts as f
from opencode_ledger.domain.file_trees import Look
from opencode_ledger.domain.ids import SessionId
from opencode_ledger.domain.opencode.seen_files import SeenFiles

NAMES = (b"a", b"b", b"c", b"d/e")
BEFORE = {b"b": 1, b"d/e": 1}
Step = tuple[str, bytes]


@dataclass
class World:
    """A directory, what is known of it, and what of that was recorded. A look takes as long as steps lie in between."""

    files: dict[bytes, int] = field(default_factory=lambda: dict(BEFORE))
    seen: SeenFiles = field(default_factory=SeenFiles)
    recorded: list[tuple[str, bytes]] = field(default_factory=list[tuple[str, bytes]])
    happened: Counter[tuple[str, bytes]] = field(default_factory=Counter[tuple[str, bytes]])
    calls: dict[bytes, tuple[float, bool | None, bool]] = field(
        default_factory=dict[bytes, tuple[float, bool | None, bool]]
    )
    """Tools that have begun: when, what they did (None: nothing yet), whether the file was there before."""
    half: dict[bytes, int] | None = None
    marks: dict[bytes, tuple[bool, int | None]] = field(default_factory=dict[bytes, tuple[bool, int | None]])
    now: float = 0.0

    def step(self, what: str, name: bytes) -> None:
        self.now += 1.0
        getattr(self, what)(name)

    def shell_writes(self, name: bytes) -> None:
        if name not in self.calls:  # else nobody could say who did it
            self._put(name, there=True)

    def shell_removes(self, name: bytes) -> None:
        if name not in self.calls:
            self._put(name, there=False)

    def tool_begins(self, name: bytes) -> None:
        self.calls.setdefault(name, (self.now, None, name in self.files))

    def tool_writes(self, name: bytes) -> None:
        if name in self.calls and self.calls[name][1] is None:
            self.calls[name] = (self.calls[name][0], True, name in self.files)
            self._put(name, there=True)

    def tool_says_so(self, name: bytes) -> None:
        if name in self.calls and self.calls[name][1] is not None:
            began, _, was_there = self.calls.pop(name)
            if self.seen.reported(name, began, exists=True):
                self.recorded.append(("modify" if was_there else "create", name))

    def look_begins(self, _: bytes) -> None:
        if self.half is None:
            self.seen.looking()
            self.half = {name: mark for name, mark in self.files.items() if name < b"c"}

    def look_ends(self, _: bytes) -> None:
        if self.half is not None:
            late = {name: mark for name, mark in self.files.items() if name >= b"c"}
            self._record(list(self.seen.seen(Look(self.half | late), self.now)))
            self.half = None

    def touched_are_read(self, _: bytes) -> None:
        self.marks = {name: (exists, self.files.get(name)) for name, exists in self.seen.touched.items()}

    def touched_are_taken(self, _: bytes) -> None:
        if self.half is None:
            for name, (exists, mark) in self.marks.items():
                self._record(list(self.seen.seen_one(name, exists, mark)))
            self.marks = {}

    def rest(self) -> None:
        """As at a run's end: all tools have said what they did, and nothing goes on while it is looked."""
        for name in NAMES:
            for what in ("tool_writes", "tool_says_so"):
                self.step(what, name)
        for what in ("look_ends", "touched_are_read", "touched_are_taken", "look_begins", "look_ends"):
            self.step(what, b"")

    def _put(self, name: bytes, *, there: bool) -> None:
        if there or name in self.files:
            self.happened[("modify" if name in self.files else "create") if there else "delete", name] += 1
        if there:
            self.files[name] = int(self.now) + 10
        else:
            self.files.pop(name, None)

    def _record(self, found: list[f.FileChanged | f.FilesUnknown] | list[f.FileChanged]) -> None:
        self.recorded += [(one.action, one.path.encode()) for one in found if isinstance(one, f.FileChanged)]


STEPS = [
    name for name, member in vars(World).items() if callable(member) and name[0] != "_" and name not in ("step", "rest")
]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(STEPS), st.sampled_from(NAMES)), max_size=40))
def test_in_any_order(steps: list[Step]) -> None:
    """The record, followed from the first scan, gives the files that exist; nothing is recorded that didn't happen."""
    world = World()
    world.seen.begin(SessionId("sess_1"), Look(BEFORE))
    for what, name in steps:
        world.step(what, name)
    world.rest()
    assert _replayed(world.recorded) == set(world.files), (steps, world.recorded)
    changed = {name for name in NAMES if BEFORE.get(name) != world.files.get(name)}
    assert changed <= {name for _, name in world.recorded}
    for name in NAMES:
        recorded = Counter(action for action, named in world.recorded if named == name)
        happened = {action: count for (action, named), count in world.happened.items() if named == name}
        assert recorded.total() <= sum(happened.values()), (steps, world.recorded)
        assert recorded["delete"] <= happened.get("delete", 0), (steps, world.recorded)
    count = len(world.recorded)
    world.rest()
    assert len(world.recorded) == count


def _replayed(recorded: list[tuple[str, bytes]]) -> set[bytes]:
    there: set[bytes] = set(BEFORE)
    for action, name in recorded:
        there = there - {name} if action == "delete" else there | {name}
    return there


def test_nothing_happens() -> None:
    """A run in which nothing changes records nothing."""
    world = World()
    world.seen.begin(SessionId("sess_1"), Look(BEFORE))
    world.rest()
    kept: Mapping[bytes, int] = world.files
    assert (world.recorded, kept) == ([], BEFORE)
