"""Hostile data directories: each makes one out of a sound one. `decoy` is a place that no tool may touch."""

import os
import shutil
import sqlite3
import struct
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Final

from tests.evidence.journals import journal_of, killed_in_a_write_ahead_log, super_journal
from tests.evidence.pages import PAGE, endless_value, inner, many_ways

from opencode_ledger.actors.store.outputs.schema import CREATE

Make = Callable[[Path, Path], object]

MIB: Final = 2**20


def beside(data: Path, suffix: str, name: str = "ledger.db") -> Path:
    return data / f"{name}{suffix}"


def named(name: str, victim: str, *, broken: bool = False, relative: bool = False) -> Make:
    """A journal that names a file of the decoy's."""

    def make(data: Path, decoy: Path) -> None:
        path = Path(os.path.relpath(decoy / victim)) if relative else decoy / victim
        journal = super_journal((data / name).read_bytes(), path)
        if broken:
            journal = journal[:-9] + bytes([journal[-9] ^ 1]) + journal[-8:]
        beside(data, "-journal", name).write_bytes(journal)

    return make


def link(name: str, to: str) -> Make:
    """A link in the place of a file; `to`: a name of the decoy's, or an absolute path."""

    def make(data: Path, decoy: Path) -> None:
        (data / name).unlink(missing_ok=True)
        (data / name).symlink_to(decoy / to)

    return make


def pipe(name: str) -> Make:
    def make(data: Path, _decoy: Path) -> None:
        (data / name).unlink(missing_ok=True)
        os.mkfifo(data / name)

    return make


def directory(name: str) -> Make:
    def make(data: Path, _decoy: Path) -> None:
        (data / name).unlink(missing_ok=True)
        (data / name).mkdir()

    return make


def journal(change: Callable[[bytes], bytes]) -> Make:
    """A journal beside the log, made of its content."""
    return lambda data, _decoy: beside(data, "-journal").write_bytes(change((data / "ledger.db").read_bytes()))


def cut_off(database: bytes) -> bytes:
    """A journal that empties the leaves of the log's table."""
    pages = {number: database[(number - 1) * PAGE : number * PAGE] for number in range(2, len(database) // PAGE + 1)}
    return journal_of(database, {number: page[:3] + b"\0\0" + page[5:] for number, page in pages.items()})


def ahead(change: Callable[[bytearray], object], *statements: str) -> Make:
    """A write-ahead log with these statements, of which the bytes are changed then."""

    def make(data: Path, _decoy: Path) -> None:
        killed_in_a_write_ahead_log(data / "ledger.db", *(statements or ("PRAGMA user_version = 1",)))
        content = bytearray(beside(data, "-wal").read_bytes())
        change(content)
        beside(data, "-wal").write_bytes(content)

    return make


def summed(content: bytearray) -> None:
    """Make the checksums of a write-ahead log right again."""
    order = ">" if content[3] & 1 else "<"
    content[24:32] = struct.pack(">II", *(sums := _sums(content[:24], (0, 0), order)))
    for at in range(32, len(content) - PAGE - 23, PAGE + 24):
        sums = _sums(content[at + 24 : at + 24 + PAGE], _sums(content[at : at + 8], sums, order), order)
        content[at + 16 : at + 24] = struct.pack(">II", *sums)


def _sums(content: bytes | bytearray, sums: tuple[int, int], order: str) -> tuple[int, int]:
    first, second = sums
    words = struct.unpack(f"{order}{len(content) // 4}I", content)
    for x, y in zip(words[::2], words[1::2], strict=True):
        first = (first + x + second) & 0xFFFFFFFF
        second = (second + y + first) & 0xFFFFFFFF
    return first, second


def far_page(content: bytearray) -> None:
    content[32:36] = (2**32 - 5).to_bytes(4)
    summed(content)


def far_end(content: bytearray) -> None:
    content[-PAGE - 20 : -PAGE - 16] = (2**32 - 5).to_bytes(4)
    summed(content)


def other_pages(content: bytearray) -> None:
    content[8:12] = (8192).to_bytes(4)
    summed(content)


def other_salts(content: bytearray) -> None:
    content[16] ^= 0xFF
    summed(content)
    content[40] ^= 0x0F


def other_version(content: bytearray) -> None:
    content[4:8] = (3007001).to_bytes(4)
    summed(content)


def sql(name: str, *statements: str) -> Make:
    """Changes by somebody who may write the file, and its schema too."""

    def make(data: Path, _decoy: Path) -> None:
        with closing(sqlite3.connect(data / name, isolation_level=None)) as connection:
            connection.execute("PRAGMA writable_schema = ON")
            for (trigger,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
                connection.execute(f"DROP TRIGGER {trigger}")
            for statement in statements:
                connection.execute(statement)

    return make


def outputs(make: Make) -> Make:
    """With a file of whole outputs, in which there is one."""

    def prepared(data: Path, decoy: Path) -> None:
        with closing(sqlite3.connect(data / "outputs.db", isolation_level=None)) as connection:
            connection.executescript(CREATE)
            connection.execute(
                "INSERT INTO outputs VALUES (1, 'cb_x', 'out_00000000000000000000000000000000', x'00', 2, 0)"
            )
            connection.execute("INSERT INTO chunks VALUES (1, 0, x'61'), (1, 1, x'62')")
        make(data, decoy)

    return prepared


def patched(name: str, *patches: tuple[int, bytes]) -> Make:
    """Bytes of a file are others."""

    def make(data: Path, _decoy: Path) -> None:
        with (data / name).open("r+b") as file:
            for at, content in patches:
                file.seek(at)
                file.write(content)

    return make


def root_of(path: Path, table: str) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)).fetchone()[0])


def tree_page(name: str, table: str, page: Callable[[int, int], bytes]) -> Make:
    """The first page of a table is another: made from its number, and the number of a page after the file's end."""

    def make(data: Path, _decoy: Path) -> None:
        root, pages = root_of(data / name, table), (data / name).stat().st_size // PAGE
        content = page(root, pages + 1)
        with (data / name).open("r+b") as file:
            file.seek((root - 1) * PAGE)
            file.write(content[:PAGE])
            file.seek(0, os.SEEK_END)
            file.write(content[PAGE:])
            file.seek(28)
            file.write((pages + len(content) // PAGE - 1).to_bytes(4))

    return make


def huge_schema(data: Path, _decoy: Path) -> None:
    with closing(sqlite3.connect(data / "ledger.db", isolation_level=None)) as connection:
        connection.execute("BEGIN")
        for number in range(1000):
            connection.execute(f"CREATE VIEW v{number} AS SELECT {number}")
        connection.execute("COMMIT")


def shared_lock(data: Path, decoy: Path) -> None:
    (data / "ledger.lock").unlink(missing_ok=True)
    (data / "ledger.lock").symlink_to(decoy / "precious")


def giant(name: str) -> Make:
    """A file of two terabytes that are not there."""

    def make(data: Path, _decoy: Path) -> None:
        (data / name).touch()
        os.truncate(data / name, 2**41)

    return make


def content_of(name: str, content: bytes) -> Make:
    return lambda data, _decoy: (data / name).write_bytes(content)


def another_log_ahead(data: Path, _decoy: Path) -> None:
    """A write-ahead log of another file, whose pages take the place of this one's."""
    other = data.with_name("other.db")
    with closing(sqlite3.connect(other, isolation_level=None)) as connection:
        connection.execute("CREATE TABLE other (x)")
    killed_in_a_write_ahead_log(other, "INSERT INTO other VALUES (1)")
    shutil.move(other.with_name("other.db-wal"), beside(data, "-wal"))
    other.unlink()


def in_schema(name: str, statement: str) -> str:
    quoted = statement.replace("'", "''")
    return f"UPDATE sqlite_master SET sql = '{quoted}' WHERE name = '{name}'"


EVENTS = "CREATE TABLE stored_events (originator_id TEXT, originator_version INTEGER, topic TEXT, state BLOB"
VIEW = (
    "WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT 'cb_x' AS originator_id, x AS rowid, "
    "x AS originator_version, 'output' AS topic, randomblob(100) AS state FROM n"
)
LAST = "(SELECT max(rowid) FROM stored_events)"
NEXT = "INSERT INTO stored_events (rowid, originator_id, originator_version, topic, state) SELECT max(rowid) + 1, "

HOSTILE: Final[dict[str, tuple[Make, str]]] = {
    "journal names a file": (named("ledger.db", "precious"), "names another file"),
    "journal of the tree names a file": (named("tree.db", "precious"), "names another file"),
    "journal names a relative path": (named("ledger.db", "precious", relative=True), "names another file"),
    "journal names a directory": (named("ledger.db", "more"), "names another file"),
    "journal names with a wrong checksum": (named("ledger.db", "precious", broken=True), "names another file"),
    "journal is a link": (link("ledger.db-journal", "precious"), "is a link"),
    "journal is a link to what never ends": (link("ledger.db-journal", "/dev/zero"), "is a link"),
    "journal is a pipe": (pipe("ledger.db-journal"), "is a pipe"),
    "journal is a directory": (directory("ledger.db-journal"), "is a directory"),
    "journal has other pages": (
        journal(lambda database: journal_of(database, {}).replace(struct.pack(">II", 512, PAGE), struct.pack(">II", 512, 512))),
        "of another size",
    ),
    "journal makes the file endless": (journal(lambda database: journal_of(database, {}, count=2**32 - 1)), "longer"),
    "journal empties the log": (journal(cut_off), ""),
    "journal puts garbage back": (journal(lambda database: journal_of(database, {1: os.urandom(PAGE)})), "not an SQLite database"),
    "journal cuts the file short": (journal(lambda database: journal_of(database, {}, count=3)), ""),
    "log ahead is a link": (link("ledger.db-wal", "precious"), "is a link"),
    "log ahead is a link to what never ends": (link("ledger.db-wal", "/dev/zero"), "is a link"),
    "log ahead is a pipe": (pipe("ledger.db-wal"), "is a pipe"),
    "log ahead of the tree is a pipe": (pipe("tree.db-wal"), "is a pipe"),
    "log ahead writes a far page": (ahead(far_page), "longer"),
    "log ahead ends far away": (ahead(far_end), "longer"),
    "log ahead has other pages": (ahead(other_pages), "of another size"),
    "log ahead has other salts": (ahead(other_salts), "sound"),
    "log ahead is of another version": (ahead(other_version), "can't be read"),
    "log ahead changes an event": (
        ahead(summed, "DROP TRIGGER stored_events_never_change", f"UPDATE stored_events SET state = x'' WHERE rowid = {LAST}"),
        "NOT SOUND",
    ),
    "log ahead of another file": (another_log_ahead, ""),
    "log ahead is mostly holes": (giant("ledger.db-wal"), "mostly holes"),
    "index of the log ahead is a link": (link("ledger.db-shm", "precious"), "is a link"),
    "log is a link": (link("ledger.db", "other.db"), "is a link"),
    "log is a link to what never ends": (link("ledger.db", "/dev/zero"), "is a link"),
    "log is a pipe": (pipe("ledger.db"), "No log found"),
    "log is a directory": (directory("ledger.db"), "No log found"),
    "log is mostly holes": (giant("ledger.db"), "mostly holes"),
    "log is empty": (content_of("ledger.db", b""), "not an SQLite database"),
    "log is garbage": (content_of("ledger.db", os.urandom(10 * PAGE)), "not an SQLite database"),
    "tree is a link": (link("tree.db", "other.db"), "is a link"),
    "tree is a pipe": (pipe("tree.db"), "is a pipe"),
    "key is a link": (link("checkpoint.key", "precious"), "is a link"),
    "key is a link to what never ends": (link("checkpoint.key", "/dev/zero"), "is a link"),
    "key is a pipe": (pipe("checkpoint.key"), "is a pipe"),
    "key is endless": (content_of("checkpoint.key", b"-" * MIB), "longer than"),
    "lock is a link": (shared_lock, "sound"),
    "lock is a pipe": (pipe("ledger.lock"), "sound"),
    "view without an end": (sql("ledger.db", "DROP TABLE stored_events", f"CREATE VIEW stored_events AS {VIEW}"), "altered"),
    "computed column": (
        sql("ledger.db", in_schema("stored_events", f"{EVENTS} AS (zeroblob(1000000000)), PRIMARY KEY (originator_id, originator_version))")),
        "altered",
    ),
    "check that counts": (
        sql("ledger.db", in_schema("stored_events", f"{EVENTS} CHECK (length(zeroblob(1000000000))), PRIMARY KEY (originator_id, originator_version))")),
        "altered",
    ),
    "virtual table": (
        sql("ledger.db", "DROP TABLE stored_events", "CREATE VIRTUAL TABLE stored_events USING fts5(originator_id, originator_version, topic, state)"),
        "altered",
    ),
    "index over an expression": (
        sql("ledger.db", "CREATE INDEX mine ON stored_events (hex(zeroblob(100000)))"),
        "altered",
    ),
    "index in place of ours": (
        sql("ledger.db", in_schema("stored_events_lifecycle", "CREATE INDEX stored_events_lifecycle ON stored_events (originator_id) WHERE 0")),
        "altered",
    ),
    "list of erasures is a view": (sql("ledger.db", "CREATE VIEW unfinished_erasures AS SELECT 1 AS position"), "altered"),
    "table of the tree is a view": (
        sql("tree.db", "DROP TABLE tiles", "CREATE VIEW tiles AS SELECT 0 AS level, 1 AS number, zeroblob(1000000000) AS hashes"),
        "altered",
    ),
    "trigger beside the guards": (
        sql("ledger.db", "CREATE TRIGGER mine AFTER INSERT ON stored_events BEGIN DELETE FROM stored_events; END"),
        "NOT SOUND",
    ),
    "table beside ours": (sql("ledger.db", "CREATE TABLE mine (x)"), "NOT SOUND"),
    "statistics": (sql("ledger.db", "ANALYZE"), "statistics"),
    "schema of a thousand views": (huge_schema, "its schema has more than"),
    "schema with an endless statement": (sql("ledger.db", f"CREATE VIEW mine AS SELECT '{'x' * MIB}'"), "its schema has a statement"),
    "schema with a name twice": (
        sql("ledger.db", "INSERT INTO sqlite_master SELECT * FROM sqlite_master WHERE name = 'stored_events'"),
        "its schema is damaged",
    ),
    "schema in a circle": (patched("ledger.db", (100, inner(1, 1, 1)[:200])), "its schema is damaged"),
    "pages of a wrong size": (patched("ledger.db", (16, b"\x03\xe8")), "can't have 1000 bytes"),
    "pages of another size": (patched("ledger.db", (16, b"\x02\x00")), ""),
    "texts in UTF-16": (patched("ledger.db", (56, b"\0\0\0\2")), "not in UTF-8"),
    "of a later SQLite": (patched("ledger.db", (18, b"\3\3")), "SQLite itself"),
    "free pages in a circle": (patched("ledger.db", (32, b"\0\0\0\5\0\0\0\6"), (4 * PAGE, b"\0\0\0\5\0\0\0\1\0\0\0\5")), ""),
    "pages in a circle": (tree_page("ledger.db", "stored_events", lambda root, _new: inner(root, root, root)), "can't be read"),
    "pages with more ways than can be gone": (tree_page("ledger.db", "stored_events", many_ways), ""),
    "value of 900 MB": (tree_page("ledger.db", "stored_events", endless_value(900 * MIB, 1)), "can't be read"),
    "values that share their pages": (tree_page("ledger.db", "stored_events", endless_value(60 * MIB, 2)), "can't be read"),
    "tiles in a circle": (tree_page("tree.db", "tiles", lambda root, _new: b"\2" + inner(root, root)[1:]), "can't be read"),
    "erasure that is none": (sql("ledger.db", f"{NEXT} 'cb_x', 1, 'erasure', x'7b' FROM stored_events"), ""),
    "erasure of everything else": (
        sql("ledger.db", NEXT + """'cb_x', 1, 'erasure', CAST('{"tombstones": [1], "reason": 1, "erased_by": {}, "timestamp": 5}' AS BLOB) FROM stored_events"""),
        "",
    ),
    "event nested without an end": (
        sql("ledger.db", f"{NEXT} 'cb_x', 1, 'erasure', CAST('{'[' * 5000}' AS BLOB) FROM stored_events"),
        "",
    ),
    "tombstone nested deeply": (
        sql(
            "ledger.db",
            NEXT + "'cb_x', 1, 'request', CAST('{\"answer\":" + '{"a":' * 900 + "1" + "}" * 900
            + ',"erased":{"by":1,"sha256":"' + "0" * 64 + "\"}}' AS BLOB) FROM stored_events",
        ),
        "",
    ),
    "name that is no text": (sql("ledger.db", f"{NEXT} CAST(x'ff00fe' AS TEXT), 1, 'x', x'' FROM stored_events"), "can't be read"),
    "checkpoint with endless signatures": (
        sql("tree.db", "UPDATE checkpoint SET note = note || replace(hex(zeroblob(500000)), '00', '— x y' || char(10))"),
        "at most",
    ),
    "outputs are a link": (link("outputs.db", "other.db"), "is a link"),
    "outputs are a link to what never ends": (link("outputs.db", "/dev/zero"), "is a link"),
    "outputs are a pipe": (pipe("outputs.db"), "is a pipe"),
    "outputs are mostly holes": (giant("outputs.db"), "mostly holes"),
    "journal of the outputs names a file": (outputs(named("outputs.db", "precious")), "names another file"),
    "log ahead of the outputs is a pipe": (outputs(pipe("outputs.db-wal")), "is a pipe"),
    "outputs with a trigger": (
        outputs(sql("outputs.db", "CREATE TRIGGER mine AFTER INSERT ON chunks BEGIN DELETE FROM chunks; END")),
        "altered",
    ),
    "chunks are a view": (
        outputs(sql("outputs.db", "DROP TABLE chunks", "CREATE VIEW chunks AS SELECT 1 AS output, 0 AS first, zeroblob(1000000000) AS text")),
        "altered",
    ),
    "chunks in a circle": (outputs(tree_page("outputs.db", "chunks", lambda root, _new: b"\2" + inner(root, root)[1:])), ""),
    "outputs with pages of a wrong size": (outputs(patched("outputs.db", (16, b"\x03\xe8"))), "can't have 1000 bytes"),
    "checkpoint of an endless size": (
        sql("tree.db", "UPDATE checkpoint SET note = replace(note, char(10) || size || char(10), char(10) || hex(zeroblob(5000)) || char(10))"),
        "no valid signature",
    ),
}  # fmt: skip
