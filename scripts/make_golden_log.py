"""Makes the golden log of this version, once, before it is released: `.venv/bin/python -m scripts.make_golden_log`.

With --again it replaces an existing one. That is right until the version is released, and wrong afterwards.
"""

import asyncio
import shutil
import sys
import tempfile
from pathlib import Path

from tests.golden.release import HOME, LOGS, SUMS, THIS_VERSION, hear, sums, write_data, write_down
from tests.golden.story import NamingAgents, play
from tests.support.service import running

from opencode_ledger.http.settings import Settings


def main() -> None:
    """Let the story happen, and write down what it left."""
    folder = LOGS / THIS_VERSION
    if folder.exists() and "--again" not in sys.argv:
        sys.exit(
            f"{THIS_VERSION} has a golden log. Raise the version in pyproject.toml, or say --again if it isn't released."
        )
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        with tempfile.TemporaryDirectory(prefix="opencode-ledger-") as place:
            write_down(asyncio.run(play(HOME, Path(place))), folder)
            asyncio.run(_listen(write_data(THIS_VERSION, Path(place) / "again"), folder))
    finally:
        shutil.rmtree(HOME, ignore_errors=True)
    SUMS.write_text(sums())
    print(f"wrote {folder}, {sum(path.stat().st_size for path in folder.iterdir()):,} bytes")


async def _listen(data: Path, folder: Path) -> None:
    async with running(Settings(data=data, max_agents=1), HOME, agents=NamingAgents()) as api:
        await hear(api, folder)


if __name__ == "__main__":
    main()
