"""A machine that has no more processes, memory or files to give for an agent: it is said, nothing leaks, and it goes on."""

import asyncio
import errno
import os

import psutil
import pytest

from opencode_ledger.actors.opencode.other_versions.versions import version_of
from opencode_ledger.domain.errors import AgentError

from .conftest import STAND_IN, MakeLive


@pytest.mark.parametrize(
    ("number", "advice"),
    [(errno.EAGAIN, "ulimit -u"), (errno.ENOMEM, "memory"), (errno.EMFILE, "ulimit -n"), (errno.ENFILE, "ulimit -n")],
)
async def test_no_process_can_be_started(
    make_stand_in: MakeLive, monkeypatch: pytest.MonkeyPatch, number: int, advice: str
) -> None:
    """The prompt fails with the reason and what to do, no file stays open, and the next prompt works."""
    live = make_stand_in()

    async def refuse(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    await version_of(STAND_IN, os.environ["PATH"], 10.0)  # which is asked for once
    open_files = await asyncio.to_thread(lambda: psutil.Process().num_fds())
    with monkeypatch.context() as patch:
        patch.setattr(asyncio, "create_subprocess_exec", refuse)
        with pytest.raises(AgentError, match="opencode could not be started") as refused:
            await live.prompt("text never")
    assert refused.value.code == "AGENT_START_FAILED"
    assert advice in refused.value.message
    assert await asyncio.to_thread(lambda: psutil.Process().num_fds()) <= open_files
    assert (await live.run("text again")).summary == "again"


async def test_no_pipe_can_be_made(make_stand_in: MakeLive, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the files run out between one pipe and the next, the first is given back."""
    live, honest, made = make_stand_in(), os.pipe, list[tuple[int, int]]()

    def pipe() -> tuple[int, int]:
        if made:
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        made.append(honest())
        return made[0]

    await version_of(STAND_IN, os.environ["PATH"], 10.0)  # which is asked for once
    with monkeypatch.context() as patch:
        patch.setattr(os, "pipe", pipe)
        with pytest.raises(AgentError, match="ulimit -n"):
            await live.prompt("text never")
    for descriptor in made[0]:
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(descriptor)
    assert (await live.run("text again")).summary == "again"
