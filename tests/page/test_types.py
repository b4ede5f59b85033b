"""The page's modules are typed: TypeScript's checker finds nothing, as strict as it can be."""

import asyncio
import shutil
from pathlib import Path

import pytest
from tests.clients.programs import HERE as CLIENTS
from tests.clients.programs import node_with_packages, output_of

from .staging import TYPES, stage


@pytest.mark.xdist_group("node")  # who comes first installs the packages, and nobody else meanwhile
async def test_the_page_s_types_hold(tmp_path: Path) -> None:
    """Every module of the page, against the client's own declarations: a member that the service doesn't send is found."""
    node = await node_with_packages()
    folder = await asyncio.to_thread(stage, tmp_path)
    shutil.copy(TYPES / "tsconfig.json", folder)
    await output_of(node, CLIENTS / "node_modules/typescript/bin/tsc", "-p", folder)
