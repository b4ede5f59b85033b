"""The shell of an agent's tools: the user's own, without what opencode alone needs to know.

opencode runs commands in the shell that `SHELL` names, with its own environment. A shell of the same name is put in
between. It removes opencode's password and configuration, gives itself and everything it starts its own process id as
the number of the call, and then becomes the real shell.
"""

import os
import shlex
from collections.abc import Mapping
from pathlib import Path
from secrets import token_hex
from typing import Final

import structlog

from ..program.environment import CALL

log = structlog.get_logger()

WITHHELD: Final = ("OPENCODE_SERVER_PASSWORD", "OPENCODE_SERVER_USERNAME", "OPENCODE_CONFIG_CONTENT")
"""Variables that no command of an agent sees."""

DEFAULTS: Final = ("/bin/bash", "/bin/sh")
_KNOWN: Final = frozenset({"bash", "sh", "dash", "ash", "zsh", "ksh"})
"""Shells that opencode runs as we expect; for another one it takes one of these by itself."""


def withholding_shell(
    directory: Path, environment: Mapping[str, str], restored: Mapping[str, str | None] | None = None
) -> dict[str, str]:
    """Put the shell into a directory. Returns the variable that names it, or nothing if that isn't possible. Blocking.

    `restored`: variables that commands get with another value than opencode itself; None removes the variable.
    """
    real = _real(environment.get("SHELL"))
    if real is None:
        return {}
    script = "\n".join(
        (
            "#!/bin/sh",
            f"unset {' '.join(WITHHELD)}",
            *(_assignment(name, value) for name, value in (restored or {}).items()),
            f"SHELL={shlex.quote(real)}",
            f"{CALL}=$$",
            f"export SHELL {CALL}",
            # The limit on file locks, as an inherited number: dash and busybox name it w, bash x. See `inherited`.
            "ulimit -S -w $$ 2>/dev/null || ulimit -S -x $$ 2>/dev/null",
            f'exec {shlex.quote(real)} "$@"',
            "",
        )
    )
    shell = directory / Path(real).name
    try:
        _put(shell, script)
    except OSError as error:
        log.warning("the agents' tools see opencode's own secrets: no shell can be put in between", error=str(error))
        return {}
    return (
        {"SHELL": str(shell)} if os.access(shell, os.X_OK) else {}
    )  # there are file systems on which nothing can be executed


def _assignment(name: str, value: str | None) -> str:
    return f"unset {name}" if value is None else f"export {name}={shlex.quote(value)}"


def _put(shell: Path, script: str) -> None:
    if _content(shell) == script:
        return
    shell.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = shell.with_name(f".{shell.name}.{token_hex(4)}")
    draft.write_text(script, encoding="utf-8")
    draft.chmod(0o700)
    draft.replace(shell)  # an agent may be starting its shell at this moment


def _real(named: str | None) -> str | None:
    own = (named,) if named and Path(named).name in _KNOWN and Path(named).is_absolute() else ()
    return next((shell for shell in (*own, *DEFAULTS) if os.access(shell, os.X_OK)), None)


def _content(file: Path) -> str | None:
    try:
        return file.read_text(encoding="utf-8")
    except OSError:
        return None
