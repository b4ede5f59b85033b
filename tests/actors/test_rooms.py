"""Room among the running agents: a limit, a queue, and warm processes that make way."""

from hypothesis import given
from hypothesis import strategies as st
from tests.actors.town import A, B, C

from opencode_ledger.actors.agent_slots import Rooms
from opencode_ledger.domain.ids import CodebaseId


class Told:
    """Who was told what."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def __call__(self, name: str) -> "Told.Call":
        return Told.Call(self, name)

    class Call:
        """One notice."""

        def __init__(self, told: "Told", name: str) -> None:
            self.told, self.name = told, name

        def __call__(self) -> None:
            self.told.names.append(self.name)


def test_no_more_than_the_limit() -> None:
    """At most as many codebases as allowed are at work; who is inside stays inside."""
    rooms = Rooms(2)
    assert rooms.enter(A) and rooms.enter(B) and rooms.enter(A)
    assert not rooms.enter(C)
    assert rooms.busy == 2
    rooms.leave(A)
    assert rooms.enter(C)


def test_first_come_first_served() -> None:
    """Room goes to whoever has waited longest, and nobody who comes later slips in before."""
    rooms, told = Rooms(1), Told()
    rooms.enter(A)
    rooms.wait(B, told("b"))
    rooms.wait(C, told("c"))
    rooms.wait(B, told("b again"))
    assert rooms.queued == 2
    rooms.leave(A)
    assert told.names == ["b"] and not rooms.enter(A)
    rooms.leave(B)
    assert told.names == ["b", "c"]
    rooms.leave(C)
    assert rooms.busy == rooms.queued == 0


def test_room_that_is_free_is_granted_at_once() -> None:
    """Who begins to wait while there is room is told at once."""
    rooms, told = Rooms(1), Told()
    rooms.wait(A, told("a"))
    assert told.names == ["a"] and rooms.busy == 1


def test_who_leaves_the_queue_is_not_told() -> None:
    """Whoever gave up waiting gets no room."""
    rooms, told = Rooms(1), Told()
    rooms.enter(A)
    rooms.wait(B, told("b"))
    rooms.leave(B)
    rooms.leave(A)
    assert told.names == [] and rooms.busy == 0


def test_the_process_that_rested_longest_makes_way() -> None:
    """A warm process is retired when its place is needed, the one that has rested longest first."""
    rooms, told = Rooms(2), Told()
    rooms.rests(A, told("a"))
    rooms.rests(B, told("b"))
    assert told.names == []
    rooms.enter(C)
    assert told.names == ["a"]
    rooms.rests(A, told("a"))
    assert told.names == ["a", "b"], "never more processes than the limit, at work or warm"


def test_a_warm_process_that_works_again_is_not_retired() -> None:
    """Who goes back to work takes the place of its own warm process, and no other's."""
    rooms, told = Rooms(2), Told()
    rooms.rests(A, told("a"))
    rooms.rests(B, told("b"))
    assert rooms.enter(A)
    assert told.names == []
    rooms.gone(B)
    assert rooms.enter(C) and told.names == []


NAMES = [CodebaseId(f"cb_{n}") for n in range(5)]
STEPS = st.lists(
    st.tuples(st.sampled_from(["enter", "wait", "leave", "rests", "gone"]), st.sampled_from(NAMES)), max_size=60
)


@given(st.integers(1, 3), STEPS)
def test_the_limit_holds_and_no_room_is_lost(limit: int, steps: list[tuple[str, CodebaseId]]) -> None:
    """Whatever happens, the limit holds, nobody waits beside a free room, and all room comes back."""
    rooms, granted = Rooms(limit), set[CodebaseId]()
    for step, codebase in steps:
        if step == "enter":
            rooms.enter(codebase)
        elif step == "wait":
            rooms.wait(codebase, lambda codebase=codebase: granted.add(codebase))  # type: ignore[misc]
        elif step == "rests":
            rooms.rests(codebase, lambda: None)
        elif step == "leave":
            rooms.leave(codebase)
        else:
            rooms.gone(codebase)
        assert rooms.busy <= limit
        assert rooms.queued == 0 or rooms.busy == limit
    for codebase in NAMES * 2:
        rooms.leave(codebase)
    assert rooms.busy == rooms.queued == 0
