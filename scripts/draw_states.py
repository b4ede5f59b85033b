"""Draw `docs/states.svg` from the table of the life cycle, so that the picture always agrees with the code.

`python scripts/draw_states.py` writes the file. Above: the phases and what leads from one to another, by a command
(solid) or by the agent (dashed). Below: the table itself, with the error that refuses each command.
"""

import sys
from collections.abc import Iterator
from html import escape
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / ".dev"))

from opencode_ledger.domain.codebase.commands import Delete
from opencode_ledger.domain.codebase.lifecycle_rules import BUSY, TRANSITIONS, VERBS, Phase

TARGET = Path(__file__).resolve().parent.parent / "docs" / "states.svg"

PLACES = {
    Phase.VOID: (110, 70),
    Phase.IDLE: (110, 240),
    Phase.WAITING: (290, 70),
    Phase.RUNNING: (430, 240),
    Phase.INTERRUPTING: (700, 240),
    Phase.INTERRUPTED: (700, 70),
    Phase.STOPPING: (400, 410),
    Phase.DELETING: (630, 410),
    Phase.DELETED: (870, 410),
}
"""Where each phase stands in the picture."""

BY_ITSELF = (
    (Phase.VOID, Phase.IDLE, "Register"),
    (Phase.IDLE, Phase.WAITING, "Trigger, no free slot"),
    (Phase.WAITING, Phase.RUNNING, "free slot"),
    (Phase.RUNNING, Phase.IDLE, "run ended"),
    (Phase.RUNNING, Phase.INTERRUPTED, "agent died"),
    (Phase.INTERRUPTING, Phase.INTERRUPTED, "agent stopped"),
    (Phase.STOPPING, Phase.IDLE, "agent gone"),
    (Phase.DELETING, Phase.DELETED, "agent gone"),
)
"""What is not in the table because it is no caller's command there, or depends on a free slot."""

WIDTH, HEIGHT, ROW, COLUMN, TABLE = 960, 800, 28, 156, 500
STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #1c2733; text-anchor: middle }
  .small { font-size: 11px; fill: #45566a; paint-order: stroke; stroke: #fff; stroke-width: 4px } .left { text-anchor: start } .no { fill: #a33 } .head { font-weight: 600 }
  rect { fill: #fff; stroke: #45566a; stroke-width: 1.4 } .busy { fill: #e3f0ff } .cell { stroke: #d5dce4; stroke-width: 1 }
  path { fill: none; stroke: #45566a; stroke-width: 1.3; marker-end: url(#tip) } .agent { stroke-dasharray: 5 4 }
"""
MARKER = """<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">
<polygon points="0,0 8,4 0,8" fill="#45566a"/></marker></defs>"""


def commands() -> Iterator[tuple[Phase, Phase, str]]:
    """The table's transitions from one phase to another, those that share both ends as one. Deletions are left to a sentence."""
    ways: dict[tuple[Phase, Phase], list[str]] = {}
    for phase, row in TRANSITIONS.items():
        for verb, result in zip(VERBS, row, strict=True):
            if isinstance(result, Phase) and result is not phase and verb is not Delete:
                ways.setdefault((phase, result), []).append(verb.__name__)
    for (start, end), names in ways.items():
        yield start, end, ", ".join(names)


def arrow(start: Phase, end: Phase, label: str, kind: str) -> str:
    """A bent line, so that two lines between the same phases don't cover each other."""
    (x1, y1), (x2, y2) = PLACES[start], PLACES[end]
    dx, dy = x2 - x1, y2 - y1
    length = (dx * dx + dy * dy) ** 0.5
    bend = 26 if kind == "call" else 44
    cx, cy = (x1 + x2) / 2 - dy / length * bend, (y1 + y2) / 2 + dx / length * bend
    sx, sy = edge(x1, y1, cx, cy)
    tx, ty = edge(x2, y2, cx, cy)
    mx, my = (sx + 2 * cx + tx) / 4, (sy + 2 * cy + ty) / 4
    line = f'<path class="{kind}" d="M{sx:.0f} {sy:.0f} Q{cx:.0f} {cy:.0f} {tx:.0f} {ty:.0f}"/>'
    return line + f'<text class="small" x="{mx:.0f}" y="{my:.0f}">{escape(label)}</text>'


def edge(x: float, y: float, towards_x: float, towards_y: float) -> tuple[float, float]:
    """Where a line from the middle of a phase's box leaves the box."""
    dx, dy = towards_x - x, towards_y - y
    scale = min(64 / abs(dx) if dx else 1e9, 20 / abs(dy) if dy else 1e9)
    return x + dx * scale, y + dy * scale


def boxes() -> Iterator[str]:
    """The phases; those in which an agent may be at work are coloured."""
    for phase, (x, y) in PLACES.items():
        kind = "busy" if phase in BUSY else "rest"
        yield f'<rect class="{kind}" x="{x - 62}" y="{y - 18}" width="124" height="36" rx="9"/>'
        yield f'<text x="{x}" y="{y + 5}">{phase.value}</text>'


def table() -> Iterator[str]:
    """The table, row by row."""
    for column, verb in enumerate(VERBS, 1):
        yield f'<text class="head" x="{column * COLUMN + 70}" y="{TABLE}">{verb.__name__}</text>'
    for number, (phase, row) in enumerate(TRANSITIONS.items(), 1):
        y = TABLE + number * ROW
        yield f'<text class="head left" x="30" y="{y}">{phase.value}</text>'
        for column, result in enumerate(row, 1):
            x = column * COLUMN + 70
            name, kind = (result.value, "") if isinstance(result, Phase) else (result.__name__, "no")
            yield f'<rect class="cell" x="{x - COLUMN / 2:.0f}" y="{y - 19}" width="{COLUMN}" height="{ROW}"/>'
            yield f'<text class="small {kind}" x="{x}" y="{y}">{name}</text>'


def picture() -> str:
    """The whole drawing."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">',
        "<title>The life cycle of a codebase's agent</title>",
        f"<style>{STYLE}</style>",
        MARKER,
        f'<rect x="0" y="0" width="{WIDTH}" height="{HEIGHT}" stroke="none"/>',
        *(arrow(*way, "call") for way in commands()),
        *(arrow(*way, "agent") for way in BY_ITSELF),
        *boxes(),
        '<text class="small" x="690" y="380">Delete leads here from every registered phase.</text>',
        *table(),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(picture(), encoding="utf-8")
