"""Rows that others wrote into opencode's own database: copies of a session under other names, and with odd values."""

import json
import sqlite3
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

Value = str | int | float | bytes | None


class OthersRows:
    """The database of a home; nothing else writes to it meanwhile."""

    def __init__(self, home: Path) -> None:
        self._path = home / ".local/share/opencode/opencode.db"
        self._made = 0

    def copy(self, session: str, name: str, **changed: Value) -> None:
        """A session again, under another name, with its messages; some columns of it changed."""
        with self._open() as rows:
            self._copy(rows, "session", f"id = {_quoted(session)}", {"id": name, **changed})
            for (message,) in rows.execute("SELECT id FROM message WHERE session_id = ?", (session,)).fetchall():
                self._made += 1
                again = f"{message[:-4]}{self._made:04d}"
                self._copy(rows, "message", f"id = {_quoted(message)}", {"id": again, "session_id": name})
                for (part,) in rows.execute("SELECT id FROM part WHERE message_id = ?", (message,)).fetchall():
                    self._made += 1
                    new = {"id": f"{part[:-4]}{self._made:04d}", "message_id": again, "session_id": name}
                    self._copy(rows, "part", f"id = {_quoted(part)}", new)

    def set(self, session: str, table: str, **changed: Value) -> None:
        """Change columns of a session, or of its messages or parts."""
        column = "id" if table == "session" else "session_id"
        with self._open() as rows:
            for name, value in changed.items():
                rows.execute(f"UPDATE {table} SET {name} = ? WHERE {column} = ?", (value, session))

    def say(self, session: str, text: str) -> None:
        """Have all text parts of a session say this, written as JSON that may be cut in the middle of a character."""
        with self._open() as rows:
            found = rows.execute("SELECT id, data FROM part WHERE session_id = ?", (session,)).fetchall()
            for part, data in found:
                said = json.loads(data)
                if said.get("type") == "text":
                    rows.execute("UPDATE part SET data = ? WHERE id = ?", (json.dumps({**said, "text": text}), part))

    def answer(self, session: str, parts: Sequence[str]) -> None:
        """An answer of the session again, with a part for each of these texts."""
        with self._open() as rows:
            found = rows.execute("SELECT id, data FROM message WHERE session_id = ? ORDER BY id", (session,)).fetchall()
            message = next(name for name, data in found if json.loads(data)["role"] == "assistant")
            texts = rows.execute("SELECT id, data FROM part WHERE message_id = ?", (message,)).fetchall()
            part = next(name for name, data in texts if json.loads(data)["type"] == "text")
            name = self._after(message)
            self._copy(rows, "message", f"id = {_quoted(message)}", {"id": name})
            for text in parts:
                said = json.dumps({"type": "text", "text": text, "time": {"start": 1, "end": 2}})
                new: Mapping[str, Value] = {"id": self._after(part), "message_id": name, "data": said}
                self._copy(rows, "part", f"id = {_quoted(part)}", new)

    def _after(self, name: str) -> str:
        self._made += 1
        return f"{name[:-8]}z{self._made:07d}"

    def remove(self, session: str) -> None:
        """Take a session away."""
        with self._open() as rows:
            rows.execute("DELETE FROM session WHERE id = ?", (session,))

    @contextmanager
    def _open(self) -> Generator[sqlite3.Connection]:
        with closing(sqlite3.connect(self._path, timeout=30.0)) as rows, rows:
            yield rows

    def _copy(self, rows: sqlite3.Connection, table: str, where: str, changed: Mapping[str, Value]) -> None:
        columns = [row[1] for row in rows.execute(f"PRAGMA table_info({table})")]
        chosen = ", ".join("?" if column in changed else column for column in columns)
        given = [changed[column] for column in columns if column in changed]
        rows.execute(f"INSERT INTO {table} ({', '.join(columns)}) SELECT {chosen} FROM {table} WHERE {where}", given)


def _quoted(name: str) -> str:
    return "'" + name.replace("'", "''") + "'"
