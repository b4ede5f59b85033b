"""A part of the demo as a picture for the README: an SVG that fetches nothing from elsewhere."""

import io
import re
from typing import Final

from rich.console import Console
from rich.terminal_theme import SVG_EXPORT_THEME
from rich.text import Text

_FETCHED_FONTS: Final = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
_FONTS: Final = "ui-monospace, SFMono-Regular, Menlo, Consolas, monospace"


def svg_of(recorded: Console, first: str, last: str) -> str:
    """The lines from the one that begins with `first` to before the one that begins with `last`."""
    lines = Text.from_ansi(recorded.export_text(styles=True)).split()
    plain = [line.plain.lstrip() for line in lines]
    begin = next(n for n, line in enumerate(plain) if line.startswith(first))
    end = next(n for n, line in enumerate(plain) if line.startswith(last))
    page = Console(record=True, width=recorded.width, file=io.StringIO(), highlight=False)
    for line in lines[begin:end]:
        page.print(line, soft_wrap=True)
    picture = page.export_svg(title="./scripts/demo", theme=SVG_EXPORT_THEME, unique_id="demo")
    return without_fetched_fonts(picture)


def without_fetched_fonts(picture: str) -> str:
    """The picture with the fonts of the reader's machine."""
    return _FETCHED_FONTS.sub("", picture).replace("Fira Code, monospace", _FONTS).replace("Fira Code", _FONTS)
