"""What the tests of the log on disk share."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path
from typing import Any, TypeAlias

import pytest

Sql: TypeAlias = Callable[..., Awaitable[list[tuple[Any, ...]]]]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a test's log is."""
    return tmp_path / "ledger.db"


@pytest.fixture
def sql(path: Path) -> Sql:
    """Runs one statement on the log's file as another program would, past the store."""

    def run(statement: str, *parameters: object) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            return connection.execute(statement, parameters).fetchall()

    async def elsewhere(statement: str, *parameters: object) -> list[tuple[Any, ...]]:
        return await asyncio.to_thread(run, statement, *parameters)

    return elsewhere
