"""The demo as a picture for the README: an SVG that needs nothing from elsewhere."""

import re

from rich.console import Console
from rich.terminal_theme import MONOKAI

_FETCHED_FONTS = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)


def svg_of(console: Console) -> str:
    """What `console` has recorded; fonts are the reader's own, so that nothing is fetched."""
    picture = console.export_svg(title="./scripts/demo", theme=MONOKAI, unique_id="demo", clear=True)
    return _FETCHED_FONTS.sub("", picture).replace("Fira Code, monospace", "ui-monospace, Menlo, Consolas, monospace")
