"""Room among the running agents: a limit, a queue, and warm processes that make way."""

from hypothesis import given
from hypothesis import strategies as st
from tests.actors.town import A, B, C

from opencode_ledger.actors.slots.agent_slots import AgentSlots
from opencode_ledger.domain.ids import CodebaseId


class Notices:
    """The notices that were given, by name."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def __call__(self, name: str) -> "Notices.Call":
        return Notices.Call(self, name)

    class Call:
        """One notice."""

        def __init__(self, notices: "Notices", name: str) -> None:
            self.notices, self.name = notices, name

        def __call__(self) -> None:
            self.notices.names.append(self.name)


def test_no_more_than_the_limit() -> None:
    """At most as many codebases as allowed are at work; who is inside stays inside."""
    slots = AgentSlots(2)
    assert slots.enter(A) and slots.enter(B) and slots.enter(A)
    assert not slots.enter(C)
    assert slots.busy == 2
    slots.leave(A)
    assert slots.enter(C)


def test_first_come_first_served() -> None:
    """A slot goes to the one that has waited longest, and to no later one before."""
    slots, notices = AgentSlots(1), Notices()
    slots.enter(A)
    slots.wait(B, notices("b"))
    slots.wait(C, notices("c"))
    slots.wait(B, notices("b again"))
    assert slots.queued == 2
    slots.leave(A)
    assert notices.names == ["b"] and not slots.enter(A)
    slots.leave(B)
    assert notices.names == ["b", "c"]
    slots.leave(C)
    assert slots.busy == slots.queued == 0


def test_room_that_is_free_is_granted_at_once() -> None:
    """A codebase that begins to wait while a slot is free gets the notice at once."""
    slots, notices = AgentSlots(1), Notices()
    slots.wait(A, notices("a"))
    assert notices.names == ["a"] and slots.busy == 1


def test_who_leaves_the_queue_gets_no_notice() -> None:
    """A codebase that gave up waiting gets no slot."""
    slots, notices = AgentSlots(1), Notices()
    slots.enter(A)
    slots.wait(B, notices("b"))
    slots.leave(B)
    slots.leave(A)
    assert notices.names == [] and slots.busy == 0


def test_the_process_that_rested_longest_makes_way() -> None:
    """A warm process is retired when its place is needed, the one that has rested longest first."""
    slots, notices = AgentSlots(2), Notices()
    slots.keep_warm(A, notices("a"))
    slots.keep_warm(B, notices("b"))
    assert notices.names == []
    slots.enter(C)
    assert notices.names == ["a"]
    slots.keep_warm(A, notices("a"))
    assert notices.names == ["a", "b"], "never more processes than the limit, at work or warm"


def test_a_warm_process_that_works_again_is_not_retired() -> None:
    """Who goes back to work takes the place of its own warm process, and no other's."""
    slots, notices = AgentSlots(2), Notices()
    slots.keep_warm(A, notices("a"))
    slots.keep_warm(B, notices("b"))
    assert slots.enter(A)
    assert notices.names == []
    slots.gone(B)
    assert slots.enter(C) and notices.names == []


NAMES = [CodebaseId(f"cb_{n}") for n in range(5)]
STEPS = st.lists(
    st.tuples(st.sampled_from(["enter", "wait", "leave", "rests", "gone"]), st.sampled_from(NAMES)), max_size=60
)


@given(st.integers(1, 3), STEPS)
def test_the_limit_holds_and_no_room_is_lost(limit: int, steps: list[tuple[str, CodebaseId]]) -> None:
    """Whatever happens, the limit holds, nobody waits beside a free room, and all room comes back."""
    slots, granted = AgentSlots(limit), set[CodebaseId]()
    for step, codebase in steps:
        if step == "enter":
            slots.enter(codebase)
        elif step == "wait":
            slots.wait(codebase, lambda codebase=codebase: granted.add(codebase))  # type: ignore[misc]
        elif step == "rests":
            slots.keep_warm(codebase, lambda: None)
        elif step == "leave":
            slots.leave(codebase)
        else:
            slots.gone(codebase)
        assert slots.busy <= limit
        assert slots.queued == 0 or slots.busy == limit
    for codebase in NAMES * 2:
        slots.leave(codebase)
    assert slots.busy == slots.queued == 0
