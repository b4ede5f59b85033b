"""What goes wrong with the real opencode, and how it is reported."""

import os
import signal
from pathlib import Path

import pytest

from opencode_ledger.actors.opencode import sweep_all
from opencode_ledger.domain.codebase import facts as f
from opencode_ledger.domain.errors import ProjectConfigUntrusted

from .conftest import MakeLive
from .live import Live, make_repository
from .test_stopping import DAEMON


def server_pid(live: Live) -> int:
    """The process of opencode itself among the marked ones."""
    connection = live.agent.connection
    assert connection is not None
    return connection.server.process.pid


async def test_a_crash_is_reported_and_nothing_survives_it(live: Live) -> None:
    """When opencode is killed from outside, its tools and daemons are ended, the death is reported, and a prompt starts it again."""
    await live.prompt(f"bash: {DAEMON} sleep 0.1\nbash: sleep 600\nsay: Never said.")
    await live.recorder.has(f.ToolStarted, lambda tool: "600" in str(tool.args))
    await live.eventually(lambda: len(live.marked()) >= 3)
    os.kill(server_pid(live), signal.SIGKILL)
    died = await live.recorder.has(f.AgentDied)
    assert "SIGKILL" in died.reason
    assert live.marked() == []
    assert not live.agent.alive
    assert live.recorder.facts[-1] == died
    ended = await live.run("say: Back again.")
    assert ended.summary == "Back again."
    assert len(live.recorder.of(f.ToolEnded)) == 1


async def test_survivors_of_an_earlier_server_are_ended_at_the_next_start(live: Live) -> None:
    """What an earlier server on the same data directory left running is ended, whichever codebase it was of."""
    await live.run(f"bash: {DAEMON} sleep 0.1\nsay: Left.")
    assert len(live.marked()) == 2
    assert await sweep_all("f" * 16) == 0
    assert len(live.marked()) == 2
    assert await sweep_all(live.settings.instance) >= 2  # opencode may have a git at work
    assert live.marked() == []
    await live.recorder.has(f.AgentDied)


async def test_a_provider_that_asks_to_wait_too_long_ends_the_run(make_live: MakeLive) -> None:
    """A retry farther off than the limit is not waited for: the run fails as rate limited."""
    live = make_live(retry_limit=0.5)
    ended = await live.run("fail: 429 x 9 too many requests\nsay: Never said.")
    assert ended.failure and ended.failure.code == "RATE_LIMITED"


async def test_an_untrusted_codebases_own_configuration_is_never_run(make_live: MakeLive) -> None:
    """A codebase that brings a plugin is refused by name, and starts no process; once trusted, its plugin is run."""
    live, trusted = make_live(), make_live(trusted=True)
    plugins = live.directory / ".opencode/plugin"
    plugins.mkdir(parents=True)
    ran = live.directory / "ran.txt"
    (plugins / "p.ts").write_text(f"await Bun.write({str(ran)!r}, 'x')\nexport default async () => ({{}})")
    with pytest.raises(ProjectConfigUntrusted) as refusal:
        await live.prompt("say: Never said.")
    assert str(live.directory / ".opencode") in str(refusal.value)
    assert live.marked() == []
    assert not ran.exists()
    await trusted.run("say: Trusted.")
    assert ran.exists()


async def test_trust_is_given_and_taken_with_the_next_prompt(live: Live) -> None:
    """A process that was started without trust ends before the first prompt with it; without it again, nothing is run."""
    await live.run("say: Up.")
    without = server_pid(live)
    plugins = live.directory / ".opencode/plugin"
    plugins.mkdir(parents=True)
    ran = live.directory / "ran.txt"
    (plugins / "p.ts").write_text(f"await Bun.write({str(ran)!r}, 'x')\nexport default async () => ({{}})")
    live.agent.trust(True)
    assert (await live.run("say: Trusted.")).summary == "Trusted."
    assert server_pid(live) != without
    assert ran.exists()
    assert live.recorder.of(f.AgentDied) == []
    live.agent.trust(False)
    with pytest.raises(ProjectConfigUntrusted):
        await live.prompt("say: Never said.")
    assert live.marked() == []


async def test_a_plugin_outside_of_any_repository_is_never_run(make_live: MakeLive, tmp_path: Path) -> None:
    """Without a repository opencode takes plugins from any directory above; such a codebase is refused as well."""
    plugins = tmp_path / "above/.opencode/plugin"
    plugins.mkdir(parents=True)
    (plugins / "p.ts").write_text(f"await Bun.write({str(tmp_path / 'ran.txt')!r}, 'x')\nexport default 1")
    live = make_live(directory=tmp_path / "above/plain")
    with pytest.raises(ProjectConfigUntrusted, match=r"above/\.opencode"):
        await live.prompt("say: Never said.")
    assert not (tmp_path / "ran.txt").exists()


async def test_a_false_repository_hides_no_plugin_above_it(make_live: MakeLive, tmp_path: Path) -> None:
    """A directory made up to look like a repository is seen through: opencode itself is asked where its root is."""
    plugins = tmp_path / "above/.opencode/plugin"
    plugins.mkdir(parents=True)
    (plugins / "p.ts").write_text(f"await Bun.write({str(tmp_path / 'ran.txt')!r}, 'x')\nexport default 1")
    git = make_repository(tmp_path / "above/false") / ".git"
    (git / "config").write_text("[core]\n\trepositoryformatversion = 99\n")
    live = make_live(directory=tmp_path / "above/false")
    with pytest.raises(ProjectConfigUntrusted, match=r"above/\.opencode"):
        await live.prompt("say: Never said.")
    assert not (tmp_path / "ran.txt").exists()
