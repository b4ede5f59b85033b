"""The page writes hidden characters out as the terminal does: both sides have one table."""

import json
import shutil
from pathlib import Path

import pytest
from tests.clients.programs import output_of
from tests.domain.test_visible_text import LIES, PROSE

from opencode_ledger.domain.visible_text import HIDDEN, JOINING, PICTURES, one_line, visible, visible_prose
from opencode_ledger.http.pages import dashboard

SCRIPT = """
import { oneLine, visible, visibleProse } from "./visible.js";
let given = "";
for await (const piece of process.stdin) given += piece;
console.log(JSON.stringify(JSON.parse(given).map((text) => [visible(text), visibleProse(text), oneLine(text)])));
"""


def texts() -> list[str]:
    """Every code point of the tables and beside them, in company in which it may mean something; and whole lies."""
    edges = {code for table in (PICTURES, JOINING) for ends in table for code in ends}
    hidden = {code for first, last in HIDDEN for code in range(first, min(last, first + 5000) + 1)}
    codes = sorted(
        near for code in hidden | edges | {end for ends in HIDDEN for end in ends} for near in range(code - 1, code + 2)
    )
    chars = [chr(code) for code in dict.fromkeys(codes) if 0 <= code < 0x110000]
    company = [f"a{char}b\u231a{char}\ufe0f\u200d{char}1{char}\u20e3\u0915{char}\u0915\u200d{char}" for char in chars]
    return [*company, *(text for text, _ in LIES.values()), *PROSE.values()]


async def test_both_sides_write_the_same(tmp_path: Path) -> None:
    """Python and JavaScript give the same for every code point of the table and its neighbours, in all three ways."""
    if not shutil.which("node"):
        pytest.skip("node isn't installed")
    source = Path(dashboard.__file__).with_name("static") / "parts/visible.js"
    parts = {"hidden.js": dashboard.hidden_characters(), "visible.js": source.read_text(), "ask.js": SCRIPT}
    for name, text in {**parts, "package.json": '{"type": "module"}'}.items():
        (tmp_path / name).write_text(text)
    asked = texts()
    printed = json.loads(await output_of("node", str(tmp_path / "ask.js"), given=json.dumps(asked).encode()))
    expected = [[visible(text), visible_prose(text), one_line(text)] for text in asked]
    wrong = [(text, js, py) for text, js, py in zip(asked, printed, expected, strict=True) if js != py]
    assert wrong[:3] == []
