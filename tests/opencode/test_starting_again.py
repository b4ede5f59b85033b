"""Agents that are started again: those that ended before they listened, and one whose session goes on in a new process."""

from pathlib import Path

import pytest
from scripts.scripted_model import ScriptedModel

from opencode_ledger.domain.codebase import facts as f

from .conftest import STAND_IN, MakeLive

FAILING = """#!/bin/sh
[ "$1" = --version ] && exec "{stand_in}" "$@"
echo tried >> "{tries}"
[ "$(wc -l < "{tries}")" -gt {failures} ] && exec "{stand_in}" "$@"
echo "Failed query: CREATE TABLE" >&2
exit 1
"""


@pytest.mark.parametrize("failures", [1, 3])
async def test_a_start_that_fails_is_tried_again(make_stand_in: MakeLive, tmp_path: Path, failures: int) -> None:
    """An agent that comes up only at a later try answers its prompt as if nothing had been."""
    tries, program = tmp_path / "tries", tmp_path / "program"
    program.write_text(FAILING.format(tries=tries, failures=failures, stand_in=STAND_IN))
    program.chmod(0o755)
    live = make_stand_in(binary=program)
    assert (await live.run("text Here I am.")).summary == "Here I am."
    assert len(tries.read_text().splitlines()) == failures + 1


async def test_a_session_goes_on_in_a_new_process(make_live: MakeLive, model: ScriptedModel) -> None:
    """After a stop, and in another server's life, a message continues the same session with its history, given once."""
    before = make_live()
    await before.run("say: I remember the word apple.")
    session = before.recorder.of(f.SessionOpened)[0].agent_session_id
    await before.agent.stop()
    assert before.marked() == []
    assert not before.agent.alive

    after = make_live()
    message = await after.prompt("say: Going on.", agent_session=session)
    ended = await after.recorder.end_of(message)
    assert (ended.summary, after.recorder.text) == ("Going on.", "Going on.")
    assert after.recorder.of(f.SessionOpened)[0].agent_session_id == session
    seen = " ".join(message.text for message in model.requests[-1].messages)
    assert "I remember the word apple." in seen
