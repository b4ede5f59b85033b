"""A codebase's own opencode configuration: found, so that it isn't run unless it is trusted.

opencode runs plugins and merges settings that lie in the codebase or above it, up to the repository's root. Its
own switch against that has a leak, so a prompt is refused where such files exist.
"""

import os
from pathlib import Path

from ...domain.errors import ProjectConfigUntrusted

NAMES = (".opencode", "opencode.json", "opencode.jsonc")
_NAMED = 5


def project_config(directory: str) -> list[str]:
    """The configuration that opencode would take from the codebase, by absolute path. Blocking.

    Looked for from the directory up to the repository's root, and in that directory alone outside of any; a link
    counts as what it is called, whether or not it leads anywhere.
    """
    return [str(place / name) for place in _places(Path(directory)) for name in NAMES if os.path.lexists(place / name)]


def refuse_untrusted(directory: str) -> None:
    """Raise `ProjectConfigUntrusted`, naming the files and the way out, if the codebase brings configuration. Blocking."""
    if found := project_config(directory):
        named = ", ".join(found[:_NAMED]) + (f" and {len(found) - _NAMED} more" if len(found) > _NAMED else "")
        raise ProjectConfigUntrusted(
            f"This codebase brings its own opencode configuration ({named}), which could run commands. "
            "Read it; then register the codebase with agent_config.trusted set to true, or move these files away."
        )


def _places(directory: Path) -> list[Path]:
    real = Path(os.path.realpath(directory))
    upward = [real, *real.parents]
    root = next((index for index, place in enumerate(upward) if (place / ".git").exists()), 0)
    return upward[: root + 1]
