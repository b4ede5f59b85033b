"""Recorded differences as a patch that `git apply` and `patch -p1` read. Pure.

opencode's own headers name a file without a prefix, and say neither that it is new nor that it is gone.
"""

import re
from collections.abc import Iterator
from typing import Final

_BLOCK: Final = re.compile(r"^Index: .*\n=+\n--- .*\n\+\+\+ .*\n", re.MULTILINE)
"""The head of a difference. The lines of its body begin with a sign or a blank, so none of them looks like one."""

_ESCAPED: Final = {"\n": "\\n", "\t": "\\t", "\r": "\\r", '"': '\\"', "\\": "\\\\"}
NOTHING: Final = "/dev/null"


def patch_of(path: str, action: str, recorded: str) -> str:
    """The differences of one file, in their order. `action`: `create`, `modify` or `delete`.

    What has another form than opencode's is left as it is.
    """
    recorded += "" if recorded.endswith("\n") else "\n"
    bodies = _BLOCK.split(recorded)
    if len(bodies) < 2 or bodies[0]:
        return recorded
    return "".join(_with_heads(path, action, bodies[1:]))


def _with_heads(path: str, action: str, bodies: list[str]) -> Iterator[str]:
    last = len(bodies) - 1
    for number, body in enumerate(bodies):
        is_new = action == "create" and not number and body.startswith("@@ -0,0 ")
        is_gone = action == "delete" and number == last and re.match(r"@@ -\S+ \+0,0 @@", body)
        old = NOTHING if is_new else _name(f"a/{path}")
        new = NOTHING if is_gone else _name(f"b/{path}")
        yield f"--- {old}\n+++ {new}\n{body}"


def _name(path: str) -> str:
    """A name as git writes it: in quotes where it has special characters, and ended by a tab where it has blanks."""
    if any(char in _ESCAPED or not char.isprintable() for char in path.replace(" ", "")):
        return f'"{"".join(_ESCAPED.get(char) or _octal(char) for char in path)}"'
    return f"{path}\t" if " " in path else path


def _octal(char: str) -> str:
    if char.isprintable():
        return char
    return "".join(f"\\{byte:03o}" for byte in char.encode("utf-8", "surrogatepass"))
