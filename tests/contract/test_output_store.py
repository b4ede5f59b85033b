"""What every `OutputStore` promises: run on the one on disk and on its twin in memory."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from opencode_ledger.actors.store.outputs.in_memory import MemoryOutputStore
from opencode_ledger.actors.store.outputs.sqlite_store import SqliteOutputStore
from opencode_ledger.domain.errors import StoreError
from opencode_ledger.domain.ids import CodebaseId, OutputId
from opencode_ledger.domain.ports import OutputStore

A, B = CodebaseId("cb_a"), CodebaseId("cb_b")
ONE, TWO = OutputId("out_" + "1" * 32), OutputId("out_" + "2" * 32)
CHUNKS = [b"abcd", b"efg", b"hijklm"]
TEXT = b"".join(CHUNKS)


@pytest.fixture(params=["sqlite", "memory"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[OutputStore]:
    """An empty store of each kind."""
    opened: OutputStore = (
        await SqliteOutputStore.open(tmp_path / "outputs.db") if request.param == "sqlite" else MemoryOutputStore()
    )
    yield opened
    await opened.close()


async def text_of(store: OutputStore, codebase: CodebaseId, output: OutputId) -> bytes:
    return await store.read(codebase, output, 0, 10**9)


async def test_what_is_kept_can_be_read(store: OutputStore) -> None:
    """An output is there with its size, its salt and its chunks; of another codebase there is none of that name."""
    await store.keep(A, ONE, b"salt", iter(CHUNKS))
    assert (await store.size(A, ONE), await store.salt(A, ONE)) == (len(TEXT), b"salt")
    assert [await store.chunk(A, ONE, at) for at in (0, 4, 7, 13, 5)] == [*CHUNKS, b"", b""]
    assert await text_of(store, A, ONE) == TEXT
    for codebase, output in ((B, ONE), (A, TWO)):
        assert (await store.size(codebase, output), await store.salt(codebase, output)) == (None, None)
        assert (await text_of(store, codebase, output), await store.chunk(codebase, output, 0)) == (b"", b"")


async def test_any_range(store: OutputStore) -> None:
    """Every range of an output is the very bytes that stand there, wherever the chunks' borders are."""
    await store.keep(A, ONE, b"s", iter(CHUNKS))
    await store.keep(A, TWO, b"s", iter([b"another"]))
    for first in range(len(TEXT) + 2):
        for upto in range(first, len(TEXT) + 3):
            assert await store.read(A, ONE, first, upto) == TEXT[first:upto], (first, upto)


async def test_nothing_is_kept_by_halves(store: OutputStore) -> None:
    """What goes wrong while an output is taken comes out, and nothing of it is left; the next one is kept."""

    def breaks_off() -> Iterator[bytes]:
        yield b"half"
        raise ValueError("gone")

    with pytest.raises(ValueError, match="gone"):
        await store.keep(A, ONE, b"s", breaks_off())
    assert await store.size(A, ONE) is None
    assert await store.unsettled() == []
    await store.keep(A, ONE, b"s", iter(CHUNKS))
    assert await text_of(store, A, ONE) == TEXT


async def test_a_name_is_given_once(store: OutputStore) -> None:
    """A second output of the same name is refused, and the first one stays; another codebase may use the name."""
    await store.keep(A, ONE, b"s", iter(CHUNKS))
    with pytest.raises(StoreError):
        await store.keep(A, ONE, b"t", iter([b"other"]))
    await store.keep(B, ONE, b"t", iter([b"other"]))
    assert await text_of(store, A, ONE) == TEXT
    assert await text_of(store, B, ONE) == b"other"


async def test_an_empty_output(store: OutputStore) -> None:
    """An output of nothing is there, with nothing in it."""
    await store.keep(A, ONE, b"s", iter([]))
    assert (await store.size(A, ONE), await text_of(store, A, ONE)) == (0, b"")


async def test_what_is_settled_stays(store: OutputStore) -> None:
    """Of the outputs that are not settled yet those that are named stay, and the others go; what was settled stays."""
    for codebase, output in ((A, ONE), (A, TWO), (B, ONE)):
        await store.keep(codebase, output, b"s", iter(CHUNKS))
    assert set(await store.unsettled()) == {(A, ONE), (A, TWO), (B, ONE)}
    await store.settle({(A, ONE), (B, TWO)})
    assert await store.unsettled() == []
    assert [await store.size(*name) for name in ((A, ONE), (A, TWO), (B, ONE))] == [len(TEXT), None, None]
    await store.keep(B, TWO, b"s", iter(CHUNKS))
    await store.settle(set())
    assert [await store.size(*name) for name in ((A, ONE), (B, TWO))] == [len(TEXT), None]


async def test_a_closed_store_refuses(store: OutputStore) -> None:
    """After its close a store answers nothing; to close it again is harmless."""
    await store.close()
    with pytest.raises(StoreError):
        await store.size(A, ONE)
    with pytest.raises(StoreError):
        await store.keep(A, ONE, b"s", iter(CHUNKS))
    await store.close()
