"""Group commit: appends that come together share one transaction, in bounds."""

import asyncio
from collections import deque
from pathlib import Path

import pytest

from opencode_ledger.actors.store.group import MAX_BYTES, MAX_EVENTS, Append, take_group
from opencode_ledger.actors.store.sqlite_store import SqliteEventStore
from opencode_ledger.domain.events.recorded import NewEvent, RecordedEvent
from opencode_ledger.domain.ids import CodebaseId, Position, Sequence

A = CodebaseId("cb_a")
START = Sequence(0)
EVENT = NewEvent("output", b"{}")


async def test_appends_that_come_together_are_one_commit(path: Path) -> None:
    """Fifty appends at once reach the disk, and the listeners, in one go."""
    commits: list[tuple[RecordedEvent, ...]] = []
    async with SqliteEventStore.open(path) as store:
        store.on_commit(commits.append)
        await asyncio.gather(*(store.append(CodebaseId(f"cb_{n}"), START, [EVENT]) for n in range(50)))
    assert [[event.position for event in commit] for commit in commits] == [list(range(1, 51))]


async def test_actors_that_keep_writing_stay_in_one_group(path: Path) -> None:
    """Each actor's next append shares the next commit with all the others': there are as many commits as rounds."""
    commits: list[int] = []
    async with SqliteEventStore.open(path) as store:
        store.on_commit(lambda events: commits.append(len(events)))

        async def act(stream: CodebaseId) -> None:
            for n in range(20):
                await store.append(stream, Sequence(n), [EVENT])

        await asyncio.gather(*(act(CodebaseId(f"cb_{n}")) for n in range(10)))
    assert commits == [10] * 20


async def test_actors_that_come_later_join_the_others(path: Path) -> None:
    """Those who came amid a commit and those whom it answered share the next one, instead of taking turns for ever."""
    commits: list[int] = []
    async with SqliteEventStore.open(path) as store:
        store.on_commit(lambda events: commits.append(len(events)))

        async def act(stream: CodebaseId) -> None:
            for n in range(5):
                await store.append(stream, Sequence(n), [EVENT])

        early = [asyncio.create_task(act(CodebaseId(f"cb_early_{n}"))) for n in range(5)]
        for _ in range(3):  # by then the first group is on its way
            await asyncio.sleep(0)
        late = [asyncio.create_task(act(CodebaseId(f"cb_late_{n}"))) for n in range(5)]
        await asyncio.gather(*early, *late)
    assert commits == [5, 10, 10, 10, 10, 5]


async def test_a_crowd_is_written_in_groups_of_bounded_size(path: Path) -> None:
    """No commit is larger than the bound, so that nobody waits for all the others."""
    commits: list[int] = []
    async with SqliteEventStore.open(path) as store:
        store.on_commit(lambda events: commits.append(len(events)))
        await asyncio.gather(*(store.append(CodebaseId(f"cb_{n}"), START, [EVENT]) for n in range(2 * MAX_EVENTS + 1)))
    assert commits == [MAX_EVENTS, MAX_EVENTS, 1]


@pytest.mark.parametrize(
    ("sizes", "groups"),
    [
        ([MAX_BYTES], [1]),
        ([MAX_BYTES, 1], [1, 1]),
        ([MAX_BYTES // 2, MAX_BYTES // 2, 1], [2, 1]),
        ([MAX_BYTES + 1, MAX_BYTES + 1], [1, 1]),
        ([1, MAX_BYTES + 1, 1], [1, 1, 1]),
        ([], []),
    ],
)
async def test_groups_are_bounded_in_bytes_too(sizes: list[int], groups: list[int]) -> None:
    """Large events make small groups, and one that is too large for any group makes its own."""
    waiting = deque(Append(A, START, [NewEvent("output", bytes(size))], answer()) for size in sizes)
    taken: list[int] = []
    while group := take_group(waiting):
        taken.append(len(group))
    assert taken == groups


async def test_an_append_cancelled_before_its_turn_is_not_written() -> None:
    """A caller that left before its group was made is left out."""
    waiting = deque(Append(CodebaseId(f"cb_{n}"), START, [EVENT], answer()) for n in range(3))
    waiting[1].answer.cancel()
    assert [append.stream for append in take_group(waiting)] == ["cb_0", "cb_2"]


def answer() -> asyncio.Future[tuple[RecordedEvent, ...]]:
    """An answer nobody waits for."""
    return asyncio.get_running_loop().create_future()


async def test_a_writer_that_was_cancelled_leaves_nobody_waiting_and_no_hole(path: Path) -> None:
    """When a loop goes down in mid-commit the appends are cancelled, and a later append fits to what got through."""
    async with asyncio.timeout(20), SqliteEventStore.open(path) as store:
        for n in range(20):
            group = [asyncio.create_task(store.append(CodebaseId(f"cb_{n}_{m}"), START, [EVENT])) for m in range(5)]
            for _ in range(n % 4):
                await asyncio.sleep(0)
            for task in asyncio.all_tasks():
                if task.get_name() == "log writer":
                    task.cancel()
            late = [asyncio.create_task(store.append(CodebaseId(f"cb_{n}_late"), START, [EVENT]))]
            await asyncio.wait(group + late)
            await store.append(A, Sequence(n), [EVENT])
        events = await store.read_all(Position(0), 1000)
        assert [event.position for event in events] == list(range(1, len(events) + 1))
        assert [event.sequence for event in events if event.stream == A] == list(range(1, 21))


def test_a_loop_that_ends_with_appends_under_way_ends(path: Path) -> None:
    """A program that is interrupted between an append and its answer ends, and its log opens again."""

    async def interrupted() -> None:
        async with SqliteEventStore.open(path) as store:
            tasks = [asyncio.create_task(store.append(CodebaseId(f"cb_{n}"), START, [EVENT])) for n in range(5)]
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            raise KeyboardInterrupt(len(tasks))

    async def reopened() -> int:
        async with SqliteEventStore.open(path) as store:
            return store.head

    with pytest.raises(KeyboardInterrupt):
        asyncio.run(interrupted())
    assert asyncio.run(reopened()) == 5
