"""The examples on the page about clients are run, in the order of the page, against one service."""

import re
import sys
from pathlib import Path
from typing import Final

import pytest
from tests.support.process import environment
from tests.support.service import StandInAgents, running

from opencode_ledger.actors.twins.scripted_agent import echo
from opencode_ledger.http.settings import Settings

from .programs import HERE, output_of

pytestmark = pytest.mark.xdist_group("node")

ROOT: Final = HERE.parents[1]
EXAMPLE: Final = re.compile(r"^```(python|javascript)\n(.*?)^```$", re.MULTILINE | re.DOTALL)

PRINTED: Final = [
    r"Fix the total in cart\.py\ncompleted\n",
    r"idle 1\nsess_\w+ Fix the total in cart\.py\n",
    r"(\d+ \w+\n)+\d+ complete\n",
    r"409 no_active_session .+\n",
    r"Fix the total in cart\.py\ncompleted\n",
    r"(\d+ \w+\n)+\d+ complete\n409 no_active_session\n",
]
"""What each example prints, in the order of the page."""


async def test_the_examples_of_the_page_work(node: str, tmp_path: Path) -> None:
    """A reader who copies an example gets what the page says."""
    examples = EXAMPLE.findall((ROOT / "docs/clients.md").read_text(encoding="utf-8"))
    assert len(examples) == len(PRINTED)
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "node_modules/opencode-ledger-client").symlink_to(ROOT / "client/javascript")
    settings = Settings(data=tmp_path / "data")
    async with running(settings, tmp_path / "home", agents=StandInAgents(echo)) as service:
        env = environment({"LEDGER_URL": f"http://127.0.0.1:{service.port}"})
        for (language, code), printed in zip(examples, PRINTED, strict=True):
            text = code.replace("/home/me/shop", str(service.directory("shop")))
            # Without a cursor the stream would begin with the next event, and nothing runs any more.
            (tmp_path / "shop.cursor").write_text('{"after": 0, "stream": "/v1/opencode/codebases/shop/events"}')
            program = (
                [sys.executable, "-c", text] if language == "python" else [node, "--input-type=module", "-e", text]
            )
            output = await output_of(*program, cwd=tmp_path, env=env)
            assert re.fullmatch(printed, output), (text, output)
