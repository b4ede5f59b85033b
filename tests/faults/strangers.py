"""Processes that only look like an agent's. Nothing that ends agents may touch them."""

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path

from opencode_ledger.actors.opencode import MARKER


class Strangers:
    """Waiting processes of other people; ended at the end."""

    def __init__(self) -> None:
        self._processes: dict[str, asyncio.subprocess.Process] = {}

    async def appear(self, directory: Path, instance: str, codebase: str) -> None:
        """Start one of each kind beside the agent of `codebase`, in its very directory."""
        likenesses: Mapping[str, Mapping[str, str]] = {
            "another server's agent": {MARKER: f"{'0' * 32}:{codebase}"},
            "an agent of a server whose name begins alike": {MARKER: f"{instance}0:{codebase}"},
            "one with the mark under another name": {f"MY_{MARKER}": f"{instance}:{codebase}"},
            "one with the mark within a value": {"NOTE": f"x {MARKER}={instance}:{codebase}"},
            "the user's own opencode": {},
        }
        for kind, environment in likenesses.items():
            self._processes[kind] = await asyncio.create_subprocess_exec(
                # The words after the script are what an agent's command line says.
                *("bash", "-c", "echo here; read -r", "opencode", "serve", "--hostname=127.0.0.1", "--port=4096"),
                env={**os.environ, **environment},
                cwd=directory,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                start_new_session=True,
            )
        for process in self._processes.values():
            assert process.stdout is not None
            await process.stdout.readline()

    @property
    def pids(self) -> set[int]:
        """Their process ids."""
        return {process.pid for process in self._processes.values()}

    @property
    def killed(self) -> list[str]:
        """Those that are no longer alive."""
        return [kind for kind, process in self._processes.items() if process.returncode is not None]

    async def leave(self) -> list[str]:
        """Have them end by themselves; those that were killed instead."""
        for process in self._processes.values():
            await process.communicate(b"")
        return [kind for kind, process in self._processes.items() if (process.returncode or 0) < 0]
