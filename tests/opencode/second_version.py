"""What a machine with opencode 2 has, made by hand after what is known of it in public: executables, databases."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Final

LAST: Final = "20260622202450_simplify_session_input"
"""The last migration of opencode 1.18."""

FIRST_SHAPE: Final = f"""
CREATE TABLE project (id text PRIMARY KEY, worktree text NOT NULL);
CREATE TABLE workspace (id text PRIMARY KEY, type text NOT NULL, project_id text NOT NULL REFERENCES project(id));
CREATE TABLE session (id text PRIMARY KEY, project_id text NOT NULL, title text NOT NULL);
CREATE INDEX session_project_idx ON session (project_id);
CREATE TABLE message (id text PRIMARY KEY, session_id text NOT NULL, data text NOT NULL);
CREATE TABLE migration (id TEXT PRIMARY KEY, time_completed INTEGER NOT NULL);
INSERT INTO migration VALUES ('20260127222353_familiar_lady_ursula', 1), ('{LAST}', 2);
INSERT INTO message VALUES ('msg_1', 'ses_1', 'What is CREATE TABLE session_v2 and 20260808023530_workspace_domain?');
"""

SECOND: Final = "CREATE TABLE session_v2 (id text PRIMARY KEY, project_id text NOT NULL, fork_boundary text);"
WORKSPACE: Final = "DROP TABLE workspace; CREATE TABLE workspace (id text PRIMARY KEY, directory text NOT NULL);"
MIGRATION: Final = "INSERT INTO migration VALUES ('20260808023530_workspace_domain', 3);"

OPENED: Final[Mapping[str, str]] = {
    "its sessions": SECOND,
    "sessions of a third version": SECOND.replace("_v2", "_v3"),
    "messages of a tenth version": SECOND.replace("session_v2", "message_v10"),
    "its workspaces": WORKSPACE,
    "a later migration": MIGRATION,
    "a later migration of which nothing is known": "INSERT INTO migration VALUES ('20991231235959_x', 3);",
    "all of it": SECOND + WORKSPACE + MIGRATION,
    "among many tables": "".join(f"CREATE TABLE filler{n} (a text, b text, c text);" for n in range(120)) + SECOND,
    "among many migrations": "".join(
        f"INSERT INTO migration VALUES ('20260{n}_a_rather_long_name', 1);" for n in range(800)
    )
    + MIGRATION,
}
"""What it does to a database of 1.18."""

NOT_OPENED: Final[Mapping[str, str]] = {
    "as 1.18 leaves it": "",
    "words of it in a message": "INSERT INTO message VALUES ('msg_2', 'ses_1', 'CREATE TABLE session_v2 (id)');",
    "an earlier migration that 1.18 brings no more": "INSERT INTO migration VALUES ('20260301000000_dropped', 1);",
    "something that is no migration": "INSERT INTO migration VALUES ('zzz', 1);",
    "a table of somebody's": "CREATE TABLE my_notes (v2 text);",
    "an index of such a name": "CREATE INDEX idx_v2 ON message (session_id);",
    "a view of such a name": "CREATE VIEW session_v2 AS SELECT * FROM session;",
}
"""What it doesn't."""


def make_database(path: Path, *statements: str, journal: str = "wal") -> Path:
    """A database of 1.18's shape, and what is done to it after that."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA journal_mode = {journal}")
        connection.executescript(FIRST_SHAPE)
        for statement in statements:
            connection.executescript(statement)
    return path


def make_executable(path: Path, version: str, then: str = "exit 9") -> Path:
    """A script that says its version as opencode does, and notes in a file beside it what else it was started with."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}")
    draft.write_text(
        f'#!/bin/sh\n[ "$1" = --version ] && echo "{version}" && exit\necho "$*" >> "$0.started"\n{then}\n'
    )
    draft.chmod(0o755)
    return draft.replace(path)


def make_program(path: Path) -> Path:
    """An executable that holds the names of its migrations, as opencode does, in the midst of other bytes."""
    names = b'\0"20260127222353_familiar_lady_ursula"\0' + b"x" * 5_000_000 + f'"{LAST}"'.encode()
    path.write_bytes(names + b"\0" * 1000)
    path.chmod(0o755)
    return path


def everything_in(place: Path) -> Mapping[str, tuple[bytes, int]]:
    """All files of a directory, with what they hold and when they were changed."""
    files = [file for file in place.rglob("*") if file.is_file()]
    return {str(file.relative_to(place)): (file.read_bytes(), file.stat().st_mtime_ns) for file in files}
