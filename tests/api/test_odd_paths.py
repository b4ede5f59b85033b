"""Directories of odd names are registered as they are; those that opencode can't name are refused in words."""

import os
from pathlib import Path

from tests.opencode.odd_names import BACKSLASHES, NOT_UTF8, ODD_NAMES
from tests.support.service import Running

from .test_refusals import assert_refused, nothing_recorded


async def test_a_path_is_kept_to_the_byte(api: Running, tmp_path: Path) -> None:
    """Whatever a directory is called, its codebase has exactly that path, and it is known by it again."""
    for name in ODD_NAMES:
        directory = tmp_path / "odd" / name
        directory.mkdir(parents=True)
        body = {"name": "odd", "path": str(directory)}
        registered = (await api.ask("POST", "/codebases", body)).body["codebase"]
        assert registered["path"] == str(directory)
        assert (await api.get(f"/codebases/{registered['id']}"))["path"] == str(directory)
        assert_refused(await api.ask("POST", "/codebases", body), 409, "already_registered")


async def test_a_directory_that_opencode_cant_name_is_refused(api: Running, tmp_path: Path) -> None:
    """A real path that is no text, or has a backslash, anywhere in it and whatever link leads there, is refused."""
    for number, name in enumerate([*BACKSLASHES, *map(os.fsdecode, NOT_UTF8)]):
        real = tmp_path / name
        (real / "below").mkdir(parents=True)
        for place in (real, real / "below"):
            link = tmp_path / f"link-{number}-{place.name == 'below'}"
            link.symlink_to(place)
            async with nothing_recorded(api):
                answer = await api.ask("POST", "/codebases", {"name": "odd", "path": str(link)})
                assert_refused(answer, 400, "invalid_input")
                assert "opencode" in answer.body["detail"], name
