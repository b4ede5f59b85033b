"""What a prompt's work did to each file, on the real opencode: its tools' work and its shell's."""

import sys
from pathlib import Path

from opencode_ledger.domain.codebase import facts as f

from .conftest import MakeLive
from .live import make_repository

COMMANDS = (
    "printf 'one\\ntwo\\n' > 'made by shell.txt'; rm README.md; mv old.txt moved.txt; "
    f"{sys.executable} -c \"open('data.bin','wb').write(bytes(range(256)))\"; "
    f"{sys.executable} -c \"open('large.txt','w').write('a line of it\\n' * 30000)\"; "
    "echo x > 'a\\\"b.txt'; echo y > $'\\xc3\\xa9\\xf0\\x9f\\x9b\\x92.txt'; echo z > sub/deep.txt; : > empty.txt"
)
EXPECTED = {
    ("delete", "README.md", 0, 1, None),
    ("modify", "cart.py", 1, 1, None),
    ("create", "data.bin", 0, 0, "binary_or_empty"),
    ("create", "empty.txt", 0, 0, "binary_or_empty"),
    ("create", "made by shell.txt", 2, 0, None),
    ("create", "moved.txt", 1, 0, None),
    ("create", "new.txt", 1, 0, None),
    ("delete", "old.txt", 0, 1, None),
    ("create", "sub/deep.txt", 1, 0, None),
    ("create", "é🛒.txt", 1, 0, None),
}
"""opencode compares no file that is large, and garbles a name that git puts in quotes."""


async def test_every_kind_of_difference(make_live: MakeLive, tmp_path: Path) -> None:
    """Edited, created, deleted, moved, binary and oddly named files are compared once for each prompt, before its end."""
    directory = make_repository(tmp_path / "project")
    (directory / "cart.py").write_text("a = 1\nb = 2\n")
    (directory / "sub").mkdir()
    live = make_live(directory=directory)
    await live.run(f"edit: cart.py | b = 2 -> b = 3\nwrite: new.txt = hello\nbash: {COMMANDS}\nsay: Done.")
    first = live.recorder.of(f.FileCompared)
    assert {(one.action, one.path, one.additions, one.deletions, one.missing) for one in first} == EXPECTED
    assert len(first) == len(EXPECTED)
    differences = {one.path: one.diff for one in first}
    assert (differences["cart.py"] or "").endswith("@@ -1,2 +1,2 @@\n a = 1\n-b = 2\n+b = 3\n")
    assert "+one\n+two\n" in (differences["made by shell.txt"] or "")
    kinds = [type(fact) for fact in live.recorder.facts]
    assert kinds.index(f.RunEnded) > max(n for n, kind in enumerate(kinds) if kind is f.FileCompared)
    await live.run("edit: cart.py | b = 3 -> b = 4\nsay: Done.")
    (second,) = live.recorder.of(f.FileCompared)[len(first) :]
    assert (second.path, (second.diff or "").splitlines()[-2:]) == ("cart.py", ["-b = 3", "+b = 4"])
