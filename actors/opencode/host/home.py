"""A private home for the agents, seeded so that opencode installs nothing into it."""

import json
from pathlib import Path

from ..program.environment import private_home

_PLUGIN = {"dependencies": {"@opencode-ai/plugin": "*"}}
_SEEDS = {"package.json": _PLUGIN, "package-lock.json": {"packages": {"": _PLUGIN}}}


def prepare_home(home: Path) -> None:
    """Make the home and its opencode configuration directory; what is already there stays. Blocking."""
    directories = [Path(place) for place in private_home(home).values()]
    for directory in directories:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    config = Path(private_home(home)["XDG_CONFIG_HOME"]) / "opencode"
    (config / "node_modules").mkdir(parents=True, exist_ok=True)
    for name, content in _SEEDS.items():
        if not (config / name).exists():
            (config / name).write_text(json.dumps(content), encoding="utf-8")
