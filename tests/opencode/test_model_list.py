"""The list of models is at hand at once, is renewed in the background, and refuses only what it knows."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from tests.support.service import eventually

from opencode_ledger.actors.opencode import Model
from opencode_ledger.actors.opencode.catalog import no_such_model
from opencode_ledger.actors.opencode.host.configuration import Stamp, configuration_stamp
from opencode_ledger.actors.opencode.model_list import ModelList
from opencode_ledger.domain.errors import AgentUnavailable, UnknownModel

from .conftest import MakeLive


def models(*ids: str) -> list[Model]:
    return [Model(id=model, name=model, provider="P") for model in ids]


class Opencode:
    """What is asked for its models: answers when `gate` is open, fails while there is a `problem`."""

    def __init__(self, *ids: str) -> None:
        self.models, self.problem = models(*ids), ""
        self.asked = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self.stamp: Stamp = ()

    async def ask(self) -> Sequence[Model]:
        self.asked += 1
        await self.gate.wait()
        if self.problem:
            raise AgentUnavailable(self.problem)
        return self.models

    def list(self, *, lifetime: float = 3600.0, pause: float = 3600.0) -> ModelList:
        return ModelList(self.ask, lambda: self.stamp, lifetime=lifetime, pause=pause)


async def test_an_old_list_is_given_at_once_while_a_new_one_is_made() -> None:
    """A caller that asks for the models gets an old list without waiting for opencode, and the next who ask the new one."""
    opencode = Opencode("a/1")
    known = opencode.list(lifetime=0.0)
    first = await known.all()
    opencode.gate.clear()
    opencode.models = models("a/1", "a/2")
    for _ in range(3):
        assert await known.all() is first
    opencode.gate.set()
    await eventually(lambda: opencode.asked == 2)
    while await known.all() is first:
        await asyncio.sleep(0)
    await known.close()


async def test_a_changed_configuration_renews_the_list() -> None:
    """A list that is young enough is given without asking again, unless a configuration file has changed."""
    opencode = Opencode("a/1")
    known = opencode.list()
    await known.all()
    await known.all()
    assert opencode.asked == 1
    opencode.stamp = (("opencode.json", "another"),)
    await known.all()
    await eventually(lambda: opencode.asked == 2)
    await known.close()


async def test_the_last_good_list_stays_and_the_log_says_so() -> None:
    """When opencode can no longer list its models the last list is still given, which is logged, once for a while."""
    opencode = Opencode("a/1")
    known = opencode.list(lifetime=0.0)
    first = await known.all()
    opencode.problem = "opencode was not found."
    with capture_logs() as logged:
        assert await known.all() is first
        await eventually(lambda: logged != [])
        for _ in range(20):
            assert await known.all() is first
    await known.close()
    assert opencode.asked == 2
    (entry,) = logged
    assert (entry["log_level"], entry["models"], entry["reason"]) == ("warning", 1, "opencode was not found.")


async def test_without_any_list_the_reason_is_given_each_time() -> None:
    """Where no list was ever known, each who asks learns why, and the first after opencode is there gets the list."""
    opencode = Opencode("a/1")
    opencode.problem = "opencode was not found."
    known = opencode.list()
    with capture_logs():
        for _ in range(2):
            with pytest.raises(AgentUnavailable, match="was not found"):
                await known.all()
    opencode.problem = ""
    assert [model.id for model in await known.all()] == ["a/1"]


async def test_only_what_is_known_is_refused() -> None:
    """A model passes while no list is known, or not for this configuration; the latest list refuses what isn't in it."""
    opencode = Opencode("a/one", "a/two")
    known = opencode.list()
    await known.check("x/y")
    assert opencode.asked == 0
    await known.all()
    await known.check("a/one")
    with pytest.raises(UnknownModel, match=r"no model 'a/ona'; near it are a/one"):
        await known.check("a/ona")
    opencode.models = models("a/ona")
    opencode.stamp = (("opencode.json", "another"),)
    opencode.gate.clear()
    await known.check("a/ona")  # perhaps it has just been added; opencode is asked, and not waited for
    opencode.gate.set()
    while opencode.models is not await known.all():
        await asyncio.sleep(0)
    await known.check("a/ona")
    with pytest.raises(UnknownModel):
        await known.check("a/one")


async def test_a_list_that_outlived_its_time_still_refuses() -> None:
    """What isn't in the latest list of this configuration is refused also when that list is old, and a new one is made."""
    opencode = Opencode("a/1")
    known = opencode.list(lifetime=0.0)
    await known.all()
    opencode.models = models("a/1", "a/2")
    with pytest.raises(UnknownModel):
        await known.check("a/2")
    await eventually(lambda: opencode.asked == 2)
    while opencode.models is not await known.all():
        await asyncio.sleep(0)
    await known.check("a/2")
    await known.close()


def test_near_matches() -> None:
    """A sentence about an unknown model names the same model of another provider, else names that look like it."""
    many = models("anthropic/claude-sonnet-4-20250514", "openai/gpt-4o", "azure/gpt-4o", "google/gemini")
    assert "openai/gpt-4o, azure/gpt-4o;" in no_such_model("opnai/gpt-4o", many)
    assert "near it are anthropic/claude-sonnet-4-20250514; " in no_such_model("anthropic/claude-sonnet-4", many)
    assert no_such_model("x/y", many).endswith("no model 'x/y'; GET /v1/opencode/models lists all 4.")
    assert no_such_model("x/y", []).endswith("nor any other: configure a provider and its key.")


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """An opencode's, with a home, a place for its configuration and a file given with --opencode-config."""
    return {
        "HOME": str(tmp_path),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "OPENCODE_CONFIG": str(tmp_path / "given.json"),
    }


def put(file: Path, content: str) -> None:
    """Write a file, and the directories that it lies in."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content)


def test_the_configuration_files_are_looked_at(tmp_path: Path, environment: dict[str, str]) -> None:
    """The stamp changes with the user's configuration, the logins, and the file given with --opencode-config."""
    stamps = [configuration_stamp(environment)]
    for name in ("config/opencode/opencode.jsonc", ".local/share/opencode/auth.json", "given.json"):
        for content in ('{"a": {"type": "api"}}', '{"b": {"type": "api"}}'):
            put(tmp_path / name, content)
            stamps.append(configuration_stamp(environment))
    assert len(set(stamps)) == len(stamps)


@pytest.mark.parametrize("content", ["{}", ' {"model": "a/1"}\n', '{\n  // common\n  "model": "a/1",\n}\n'])
def test_what_opencode_writes_by_itself_is_no_change(tmp_path: Path, environment: dict[str, str], content: str) -> None:
    """The name of the schema that opencode puts into each configuration that it reads makes no other one of it."""
    put(tmp_path / "given.json", content)
    before = configuration_stamp(environment)
    schema = '{\n  "$schema": "https://opencode.ai/config.json",'
    put(tmp_path / "given.json", schema + content.strip()[1:])
    put(tmp_path / "config/opencode/opencode.jsonc", schema + "}")
    assert configuration_stamp(environment) == before


def test_a_renewed_login_is_no_change(tmp_path: Path, environment: dict[str, str]) -> None:
    """A token that was renewed makes no other configuration, another provider that is logged in to does."""
    logins = tmp_path / ".local/share/opencode/auth.json"
    put(logins, '{"a": {"type": "oauth", "access": "1"}}')
    before = configuration_stamp(environment)
    put(logins, '{"a": {"type": "oauth", "access": "2"}}')
    assert configuration_stamp(environment) == before
    put(logins, '{"a": {"type": "oauth", "access": "2"}, "b": {"type": "api"}}')
    assert configuration_stamp(environment) != before


async def test_an_agent_that_starts_brings_its_models(make_stand_in: MakeLive) -> None:
    """Once an agent has started its models are known, without a server of their own."""
    live = make_stand_in()
    await live.agents.check_model("stand/in-2")
    await live.run("text Hello.")
    with pytest.raises(UnknownModel, match="near it are stand/in-1"):
        await live.agents.check_model("stand/in-2")
    await live.agents.check_model("stand/in-1")
    await live.agents.close()
