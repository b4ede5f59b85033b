"""Whole outputs of imported sessions: a sync takes them in once, with the checks of an agent's own."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.actors.test_sync import A, work
from tests.actors.test_whole_outputs import SECRET, written
from tests.actors.town import Town

from opencode_ledger.actors import imported_outputs
from opencode_ledger.actors.opencode import OpencodeSettings, ToolOutputFiles
from opencode_ledger.actors.store.outputs.in_memory import MemoryOutputStore
from opencode_ledger.actors.whole_outputs import OutputKeeper
from opencode_ledger.domain.events.imported import OutputImported
from opencode_ledger.domain.secrets.masker import Secrets
from opencode_ledger.domain.secrets.shapes import MARK

LIMIT = 10_000
TEXT = f"first\n{SECRET}\nlast\n"


def shown(path: str, end: str = "last\n") -> str:
    """What opencode shows of an output that it has cut."""
    return f"...output truncated...\n\nFull output saved to: {path}\n\n{end}"


class Outside:
    """A town whose syncs take in whole outputs, and the folder in which opencode keeps them."""

    def __init__(self, town: Town, home: Path, limit: int) -> None:
        self.town, self.store = town, MemoryOutputStore()
        self.folder = home / ".local/share/opencode/tool-output"
        self.folder.mkdir(parents=True)
        files = ToolOutputFiles(OpencodeSettings(instance="i", home=home))
        town.keeper = OutputKeeper(self.store, Secrets([SECRET]), limit, files)

    def call(self, number: int, path: str, *, session: str = "ses_1", end: str = "last\n") -> None:
        """The last answer of a session has a call whose output opencode has put there."""
        histories = self.town.histories
        name = histories.made[session].messages[-1]["info"]["id"]
        metadata = {"truncated": True, "outputPath": path}
        state: dict[str, Any] = {"status": "completed", "input": {}, "output": shown(path, end), "metadata": metadata}
        histories.call(session, name, f"call_{number}", "bash", **state)

    async def events(self) -> list[OutputImported]:
        """What is on record."""
        return [event for event in await self.town.events(A) if isinstance(event, OutputImported)]

    async def text(self, event: OutputImported) -> str:
        """What is kept."""
        assert event.whole_id is not None
        return (await self.store.read(A, event.whole_id, 0, LIMIT)).decode()


@pytest.fixture
async def outside(town: Town, tmp_path: Path) -> Outside:
    """A codebase with one session of a person."""
    made = Outside(town, tmp_path / "home", LIMIT)
    await town.register(A)
    work(town.histories, "ses_1")
    return made


Lay = Callable[[Path, Path], None]


def a_link(path: Path, secret: Path) -> None:
    path.symlink_to(secret)


def a_second_name(path: Path, secret: Path) -> None:
    path.hardlink_to(secret)


def nothing(_path: Path, _secret: Path) -> None:
    pass


def other_words(path: Path, _secret: Path) -> None:
    path.write_text("another's output")


def too_much(path: Path, _secret: Path) -> None:
    path.write_text("x" * LIMIT + "last\n")


async def test_an_output_comes_in_whole_and_once(outside: Outside) -> None:
    """Masked, behind its message, named by its call; a second sync, and one after more was said, take nothing in again."""
    outside.call(1, written(outside.folder, TEXT))
    assert await outside.town.sync(A) == 1
    (event,) = await outside.events()
    assert await outside.text(event) == TEXT.replace(SECRET, MARK)
    assert (event.call_id, event.tool, event.whole_bytes) == ("call_1", "bash", len(TEXT) - len(SECRET) + len(MARK))
    assert [type(e).__name__ for e in await outside.town.events(A)][-1:] == ["OutputImported"]
    work(outside.town.histories, "ses_2")
    outside.town.histories.prompt("ses_1", "More")
    outside.town.histories.answer("ses_1", "words")
    assert await outside.town.sync(A) == 2
    assert await outside.events() == [event]
    assert outside.store.names == {(A, event.whole_id)}
    await outside.town.assert_truthful()


@pytest.mark.parametrize(
    ("lay", "missing"),
    [
        (nothing, "gone"),
        (a_link, "refused"),
        (a_second_name, "refused"),
        (other_words, "changed"),
        (too_much, "too_large"),
    ],
)
async def test_what_is_missing_is_said(outside: Outside, tmp_path: Path, lay: Lay, missing: str) -> None:
    """A file that is gone by now, or is none of opencode's own, or not that output: its event says so."""
    secret = tmp_path / "secret"
    secret.write_text(TEXT)
    lay(outside.folder / "tool_1", secret)
    outside.call(1, str(outside.folder / "tool_1"))
    await outside.town.sync(A)
    (event,) = await outside.events()
    assert event.whole_missing == missing


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "tool_1", "../tool-output/tool_1", "/tool-output/tool_1\0", "/x/tool_1"]
)
async def test_no_other_file_is_opened(outside: Outside, path: str) -> None:
    """The author of a history chose the path: one outside of opencode's folder is refused."""
    outside.call(1, path)
    await outside.town.sync(A)
    assert [event.whole_missing for event in await outside.events()] == ["refused"]


async def test_a_file_that_very_many_calls_name(outside: Outside) -> None:
    """A file is kept for a few calls, as those of forks, and not a thousand times."""
    path = written(outside.folder, TEXT)
    for number in range(imported_outputs.MOST + 5):
        outside.call(number, path)
    await outside.town.sync(A)
    kept = [event for event in await outside.events() if event.whole_id]
    assert len(kept) == len(outside.store.names) == imported_outputs.MOST
    assert {event.whole_missing for event in await outside.events()} == {None, "refused"}


async def test_nothing_is_taken_in_of_what_is_not_recorded(outside: Outside) -> None:
    """Messages that are on record already, and our own agent's, are not read for outputs again."""
    await outside.town.sync(A)
    path = written(outside.folder, TEXT)
    outside.call(1, path)
    await outside.town.sync(A)
    outside.town.histories.touch("ses_1")
    await outside.town.sync(A)
    assert len(outside.store.names) == 1


async def test_where_none_are_kept(town: Town, tmp_path: Path) -> None:
    """With a limit of 0 nothing is opened, and the event says that none are kept."""
    outside = Outside(town, tmp_path / "home", 0)
    await town.register(A)
    work(town.histories, "ses_1")
    outside.call(1, "/etc/passwd")
    await town.sync(A)
    assert [event.whole_missing for event in await outside.events()] == ["off"]
