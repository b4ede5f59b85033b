"""Compares where opencode works with the directory that was checked: the same to the last byte, or nothing is run.

A name can mean one thing on the disk and another in opencode: it decodes percent signs, and follows links as they are
at that moment. Whatever the cause, a difference is found before a prompt is given.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote_to_bytes

from ...domain.errors import AgentError, AgentUnavailable
from ...domain.untrusted_json import fields, text
from .client import UNREACHABLE, OpencodeClient, Place
from .host.working_directory import holds

ELSEWHERE = "AGENT_ELSEWHERE"
NO_REPOSITORY = "/"
"""What opencode calls the repository of a directory that lies in none."""


def refuse_elsewhere(there: Place, directory: str, roots: Sequence[Path], data: Path | None) -> None:
    """Raise `AgentError` unless opencode works in `directory`, and in a repository that reaches nowhere forbidden.

    Within the repository's root opencode asks for no permission. So the root must be the directory itself or one above
    it, must lie under one of `roots`, and must not hold `data`. Blocking.
    """
    if there.directory != directory:
        raise _elsewhere(there.directory)
    root = there.worktree
    if root == NO_REPOSITORY:
        return
    if not Path(directory).is_relative_to(root):
        raise AgentError(
            f"opencode uses {root!r} as the repository root, but the codebase is outside it; nothing was run.",
            code=ELSEWHERE,
        )
    if roots and not any(Path(root).is_relative_to(os.path.realpath(allowed)) for allowed in roots):
        raise AgentError(
            _reaches(root, "which lies outside the directories that this server may work in"), code="DIRECTORY_OUTSIDE"
        )
    if holds(Path(root), data):
        raise AgentError(_reaches(root, "where this server's own data is"), code="DIRECTORY_HOLDS_DATA")


async def check_whereabouts(client: OpencodeClient) -> None:
    """Raise `AgentUnavailable` unless opencode works in the client's directory."""
    there = (await client.place()).directory
    if there != client.directory:
        raise AgentUnavailable(_elsewhere(there).message)


async def check_session(client: OpencodeClient, session: object) -> str:
    """The id of a session whose prompts are carried out in the client's directory. Raises `AgentError` for another.

    A name that would change if it were decoded once more is tried out: opencode shows in no other way where a session's
    prompts are carried out.
    """
    name, directory = text(fields(session).get("id")), text(fields(session).get("directory"))
    if not name:
        raise AgentError("opencode gave no session.", code=UNREACHABLE)
    if directory != client.directory:
        raise _elsewhere(directory)
    if unquote_to_bytes(directory) != os.fsencode(directory):
        tried = fields(await client.fork_session(name))
        await client.delete_session(text(tried.get("id")))
        if text(tried.get("directory")) != client.directory:
            raise _elsewhere(text(tried.get("directory")))
    return name


def _elsewhere(there: str) -> AgentError:
    return AgentError(
        f"opencode works in {there!r}, and not in the codebase's directory; nothing was run.", code=ELSEWHERE
    )


def _reaches(root: str, where: str) -> str:
    return (
        f"The codebase lies in the repository {root!r}, {where}, and opencode asks for no permission within a repository: "
        "make the codebase a repository of its own."
    )
