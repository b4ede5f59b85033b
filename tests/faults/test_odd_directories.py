"""Every odd name from end to end: registered, worked in, on record; and nothing lies anywhere else."""

from pathlib import Path
from typing import Any

import pytest

from ..opencode.live import make_repository
from ..opencode.odd_names import ODD_NAMES
from .service import Codebase, Service, frame_of

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.long]

NO_REPOSITORY = ("ends in\n",)
"""Names at whose end git's answer is cut: as a repository of their own they would be refused."""


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where they are, with no configuration of opencode above them: without a repository it would count as theirs."""
    return tmp_path_factory.mktemp("odd").resolve()


@pytest.mark.parametrize("name", ODD_NAMES)
async def test_an_agent_works_where_its_codebase_is(running: Service, odd: Path, name: str) -> None:
    """The shell's working directory, the files and their events are those of the registered directory."""
    directory = odd / name
    if name in NO_REPOSITORY:
        directory.mkdir(parents=True)
    else:
        make_repository(directory)
    answer: Any = await running.ask("POST", "/codebases", {"name": "odd", "path": str(directory)})
    codebase = Codebase(running, answer.content["codebase"]["id"], directory)
    frames = await codebase.session(await codebase.trigger("bash: pwd > h.txt", "write: m.txt = x", "say: Done."))
    assert frame_of("complete", status="completed")(frames[-1]), frames[-1].raw
    assert (directory / "h.txt").read_bytes() == f"{directory}\n".encode()
    assert any(frame.event == "file_change" and frame.text("path") == "m.txt" for frame in frames)
    found = [*running.folder.glob("**/[hm].txt"), *odd.glob("**/[hm].txt")]
    made = {path for path in found if path.parent != directory}
    assert made == set(), made
    assert (await running.ask("DELETE", f"/codebases/{codebase.id}")).status == 200
    for path in (directory / "h.txt", directory / "m.txt"):
        Path(path).unlink()
