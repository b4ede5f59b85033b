"""Whole outputs on their way into the store: masked as one text, bounded, and of the agent's own files alone."""

import asyncio
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from opencode_ledger.actors import whole_outputs
from opencode_ledger.actors.opencode import OpencodeSettings, ToolOutputFiles
from opencode_ledger.actors.store.outputs.in_memory import MemoryOutputStore
from opencode_ledger.actors.unnamed_outputs import drop_unnamed
from opencode_ledger.actors.whole_outputs import OutputKeeper
from opencode_ledger.domain.codebase.facts import ToolEnded
from opencode_ledger.domain.errors import StoreError
from opencode_ledger.domain.ids import CodebaseId, OutputId, SessionId
from opencode_ledger.domain.secrets.masker import Secrets
from opencode_ledger.domain.secrets.shapes import MARK
from opencode_ledger.domain.whole_output import CHUNK, AgentOutput, WholeOutput, shown_of

CODEBASE = CodebaseId("cb_1")
SECRET = "s3cret-of-the-house-0815"
LIMIT = 300_000
NAME, SALT = OutputId("out_" + "0" * 32), b"pepper"

Keep = Callable[..., Any]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The agent's own folder of whole outputs."""
    made = tmp_path / "home/.local/share/opencode/tool-output"
    made.mkdir(parents=True)
    return made


class Kept:
    """A keeper, and what it kept."""

    def __init__(self, tmp_path: Path, limit: int = LIMIT, files: bool = True) -> None:
        self.store = MemoryOutputStore()
        settings = OpencodeSettings(instance="i", home=tmp_path / "home")
        self.files = ToolOutputFiles(settings)
        self.keeper = OutputKeeper(
            self.store, Secrets([SECRET]), limit, self.files, new=lambda: (NAME, SALT), pauses=(0.001,) * 3
        )

    async def keep(self, named: AgentOutput, *, patient: bool = True) -> WholeOutput:
        ended = ToolEnded(
            session_id=SessionId("sess_1"), call_id="c", tool="bash", status="completed", output="", whole=named
        )
        (fact,) = await self.keeper.kept(CODEBASE, (ended,), lambda: patient)
        assert isinstance(fact, ToolEnded)
        assert isinstance(fact.whole, WholeOutput)
        assert replace(fact, whole=named) == ended
        return fact.whole

    async def text(self) -> str:
        return (await self.store.read(CODEBASE, NAME, 0, 10**9)).decode()


def salted(text: str) -> str:
    return sha256(SALT + text.encode()).hexdigest()


def written(folder: Path, content: str | bytes, name: str = "tool_1") -> str:
    data = content.encode() if isinstance(content, str) else content
    (folder / name).write_bytes(data)
    return str(folder / name)


async def test_a_file_is_kept_whole(tmp_path: Path, folder: Path) -> None:
    """What the agent's file holds is kept to the last byte, with its size and its salted hash."""
    text = "".join(f"{number} ünïcödé\n" for number in range(9000))
    kept = Kept(tmp_path)
    whole = await kept.keep(AgentOutput(path=written(folder, text), ends="8999 ünïcödé\n"))
    assert whole == WholeOutput(output_id=NAME, bytes=len(text.encode()), sha256=salted(text))
    assert await kept.text() == text


@pytest.mark.slow
@pytest.mark.parametrize("border", [CHUNK, whole_outputs.PIECE, 2 * CHUNK, LIMIT])
async def test_a_secret_over_a_border_is_masked(tmp_path: Path, folder: Path, border: int) -> None:
    """A secret that stands over a border of pieces, of chunks or of the limit is masked, wherever it is cut."""
    for shift in range(len(SECRET) + 2):
        kept, before = Kept(tmp_path), "x" * (border - shift - 1)
        text = f"{before}\n{SECRET}\n{'y' * 70_000}\n"
        whole = await kept.keep(AgentOutput(path=written(folder, text)))
        masked = text.replace(SECRET, MARK)
        assert whole.sha256 == salted(masked)
        assert masked.startswith(await kept.text())
        assert SECRET[:8] not in await kept.text()


async def test_beyond_the_limit(tmp_path: Path, folder: Path) -> None:
    """Of more than the limit the beginning is kept, in whole characters; the event says how much there was, and its hash."""
    text = "é" * LIMIT + SECRET
    kept = Kept(tmp_path, LIMIT - 1)
    whole = await kept.keep(AgentOutput(path=written(folder, text), ends=text[-200:]))
    masked = text.replace(SECRET, MARK)
    assert whole == WholeOutput(
        output_id=NAME,
        bytes=len(masked.encode()),
        sha256=salted(masked),
        kept=LIMIT - 2,
        kept_sha256=salted(await kept.text()),
        missing="too_large",
    )
    assert await kept.text() == "é" * (LIMIT // 2 - 1)


async def test_without_the_time_to_read_on(tmp_path: Path, folder: Path) -> None:
    """If the run is to be aborted the rest isn't read for its hash: the size is the file's, and there is none."""
    text = "z" * LIMIT * 2
    kept = Kept(tmp_path)
    whole = await kept.keep(AgentOutput(path=written(folder, text)), patient=False)
    assert whole == WholeOutput(
        output_id=NAME, bytes=len(text), kept=LIMIT, kept_sha256=salted("z" * LIMIT), missing="too_large"
    )


async def test_a_text_that_the_agent_has_given_itself(tmp_path: Path) -> None:
    """An output that was too long for its event is kept from memory."""
    kept = Kept(tmp_path)
    text = f"{'a' * 150_000}{SECRET}"
    whole = await kept.keep(AgentOutput(text=text))
    assert whole.sha256 == salted(text.replace(SECRET, MARK))
    assert await kept.text() == text.replace(SECRET, MARK)


async def test_nothing_is_kept_where_that_is_off(tmp_path: Path, folder: Path) -> None:
    """With a limit of 0 the event says that there is more, and nothing is read."""
    assert await Kept(tmp_path, 0).keep(AgentOutput(path=written(folder, "x"))) == WholeOutput(missing="off")


def _elsewhere(folder: Path) -> str:
    return written(folder.parent, "x" * 100)


def _dots(folder: Path) -> str:
    written(folder.parent, "x", "auth.json")
    return f"{folder}/../auth.json"


def _through_a_link(folder: Path) -> str:
    (folder.parent / "other").mkdir()
    written(folder.parent / "other", "x")
    folder.rmdir()
    folder.symlink_to(folder.parent / "other")
    return str(folder / "tool_1")


def _link(folder: Path) -> str:
    (folder / "tool_1").symlink_to(written(folder.parent, "x", "secret"))
    return str(folder / "tool_1")


def _hard_link(folder: Path) -> str:
    os.link(written(folder.parent, "x", "secret"), folder / "tool_1")
    return str(folder / "tool_1")


def _pipe(folder: Path) -> str:
    os.mkfifo(folder / "tool_1")
    return str(folder / "tool_1")


def _directory(folder: Path) -> str:
    (folder / "tool_1").mkdir()
    return str(folder / "tool_1")


def _dangling(folder: Path) -> str:
    (folder / "tool_1").symlink_to(folder / "nothing")
    return str(folder / "tool_1")


def _loop(folder: Path) -> str:
    (folder / "tool_1").symlink_to(folder / "tool_1")
    return str(folder / "tool_1")


REFUSED: dict[str, Callable[[Path], str]] = {
    "a place beside the folder": _elsewhere,
    "a way out of the folder": _dots,
    "a folder that is a link": _through_a_link,
    "a link": _link,
    "a link to nothing": _dangling,
    "a link to itself": _loop,
    "a second name of a file": _hard_link,
    "a pipe": _pipe,
    "a directory": _directory,
    "a device": lambda _folder: "/dev/zero",
    "another file of the system": lambda _folder: "/etc/passwd",
    "a relative path": lambda folder: os.path.relpath(written(folder, "x")),
    "another name": lambda folder: written(folder, "x", "notes"),
    "a name with a NUL": lambda folder: f"{folder}/tool_1\0",
    "a name with a newline": lambda folder: written(folder, "x", "tool_1\n"),
    "a name alone": lambda _folder: "tool_1",
    "nothing but a folder": lambda folder: f"{folder}/",
    "a very long one": lambda folder: f"{folder}/tool_{'x' * 5000}",
    "a lone surrogate": lambda folder: f"{folder}/tool_\ud800",
}


@pytest.mark.parametrize("what", REFUSED)
async def test_only_plain_files_of_the_folder(what: str, tmp_path: Path, folder: Path) -> None:
    """What isn't a plain file of the agent's own folder, under one name, is never read; the event says so."""
    kept = Kept(tmp_path)
    async with asyncio.timeout(30):
        assert await kept.keep(AgentOutput(path=REFUSED[what](folder))) == WholeOutput(missing="refused")
    assert await kept.store.unsettled() == []


async def test_a_file_that_is_gone(tmp_path: Path, folder: Path) -> None:
    """A file that isn't there any more, or whose folder isn't, is said to be gone."""
    kept = Kept(tmp_path)
    assert await kept.keep(AgentOutput(path=str(folder / "tool_1"))) == WholeOutput(missing="gone")
    folder.rmdir()
    assert await kept.keep(AgentOutput(path=str(folder / "tool_1"))) == WholeOutput(missing="gone")


@pytest.mark.parametrize("content", ["", "1\n2\n", "1\n2\n3\n4\n5", "1\n2\n3\n4\n5\nmore\n", "other"])
async def test_a_file_that_is_not_what_was_printed(content: str, tmp_path: Path, folder: Path) -> None:
    """What is half written, or was changed since, is kept as it is, and said not to be what the tool printed."""
    kept = Kept(tmp_path)
    whole = await kept.keep(AgentOutput(path=written(folder, content), ends="4\n5\n"))
    assert whole == WholeOutput(output_id=NAME, bytes=len(content), sha256=salted(content), missing="changed")
    assert (await Kept(tmp_path).keep(AgentOutput(path=written(folder, content), begins="0\n"))).missing == "changed"


async def test_a_file_that_is_still_being_written(tmp_path: Path, folder: Path) -> None:
    """An agent may say that a call has ended before its file is written to the end: that is waited for."""
    kept, path = Kept(tmp_path), written(folder, "1\n2\n3")
    kept.keeper = OutputKeeper(
        kept.store, Secrets(), LIMIT, kept.files, new=lambda: (NAME, SALT), pauses=(0.001,) * 10_000
    )
    keeping = asyncio.create_task(kept.keep(AgentOutput(path=path, ends="2\n3\n4\n")))
    for _ in range(20):
        await asyncio.sleep(0)
    await asyncio.to_thread(written, folder, "1\n2\n3\n4\n")
    assert await keeping == WholeOutput(output_id=NAME, bytes=8, sha256=salted("1\n2\n3\n4\n"))


async def test_a_file_that_grows_without_end(tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is written to while it is read is read as far as it went at first, and said to have changed."""
    path, real = written(folder, "x" * 100_000), os.read

    def growing(descriptor: int, most: int) -> bytes:
        with Path(path).open("ab") as file:
            file.write(b"y" * 50_000)
        return real(descriptor, most)

    monkeypatch.setattr("opencode_ledger.actors.whole_outputs.os.read", growing)
    whole = await Kept(tmp_path).keep(AgentOutput(path=path))
    assert (whole.bytes, whole.missing) == (100_000, "changed")


async def test_a_file_that_can_not_be_read(tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where reading fails half way what was read is kept, and said not to be all."""
    path, real = written(folder, "x" * 100_000), os.read
    passes: Iterator[int] = iter(range(99))

    def failing(descriptor: int, most: int) -> bytes:
        if next(passes) == 2:
            raise OSError(5, "Input/output error")
        return real(descriptor, most)

    monkeypatch.setattr("opencode_ledger.actors.whole_outputs.os.read", failing)
    kept = Kept(tmp_path)
    whole = await kept.keep(AgentOutput(path=path))
    assert (whole.bytes, whole.missing) == (2 * whole_outputs.PIECE, "unreadable")
    assert len(await kept.text()) == 2 * whole_outputs.PIECE


async def test_bytes_that_are_no_text(tmp_path: Path, folder: Path) -> None:
    """What is no UTF-8 is kept as text with a mark in its place, also where a character is cut by a border."""
    kept, data = Kept(tmp_path), b"a" * (whole_outputs.PIECE - 1) + "€".encode() + b"\xff\xfe" + b"\xe2\x82"
    whole = await kept.keep(AgentOutput(path=written(folder, data)))
    assert whole.sha256 == salted(data.decode(errors="replace"))
    assert await kept.text() == data.decode(errors="replace")


async def test_a_store_that_fails(tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing can be written the event is recorded all the same, and says so."""
    kept = Kept(tmp_path)

    async def fails(*_arguments: object) -> None:
        raise StoreError("No room.")

    monkeypatch.setattr(kept.store, "keep", fails)
    whole = await kept.keep(AgentOutput(path=written(folder, "x" * 10)))
    assert whole == WholeOutput(bytes=10, missing="not_kept")


async def test_who_waits_may_be_given_up(tmp_path: Path, folder: Path) -> None:
    """A keeper's end waits for what it has begun, though nobody else does; what it kept is dropped at the next start."""
    kept = Kept(tmp_path)
    waiting = asyncio.create_task(kept.keep(AgentOutput(path=written(folder, "x" * 200_000))))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    await kept.keeper.close()
    assert await kept.text() == "x" * 200_000

    class Log:
        async def read_lifecycle(self, *_arguments: object) -> list[Any]:
            return []

    await drop_unnamed(Log(), kept.store)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    assert await kept.store.size(CODEBASE, NAME) is None


SHOWN = {
    "the end, below a note": (
        "...output truncated...\n\nFull output saved to: {path}\n\nlast\nlines\n",
        AgentOutput(path="/p/tool_1", ends="last\nlines\n"),
    ),
    "the end, and what ended it": (
        "...output truncated...\n\nFull output saved to: {path}\n\nlast\n\n<bash_metadata>\ntime\n</bash_metadata>",
        AgentOutput(path="/p/tool_1", ends="last"),
    ),
    "the beginning, above a note": (
        "first\nlines\n\n...17 lines truncated...\n\nThe tool call succeeded. Full output saved to: {path}\nUse Grep.",
        AgentOutput(path="/p/tool_1", begins="first\nlines"),
    ),
    "the end, below a longer note": (
        "...17 lines truncated...\n\nThe tool call succeeded. Full output saved to: {path}\nUse Grep.\n\nlast\n",
        AgentOutput(path="/p/tool_1", ends="last\n"),
    ),
    "something else": ("rewritten by a plugin", AgentOutput(path="/p/tool_1")),
}


@pytest.mark.parametrize("case", SHOWN)
def test_what_the_agent_has_shown(case: str) -> None:
    """What the model was shown of an output is what its file must begin or end with."""
    shown, wanted = SHOWN[case]
    assert shown_of("/p/tool_1", shown.format(path="/p/tool_1")) == wanted
