"""Writes docs/commands.md and its pictures by doing what they show: `.venv/bin/python -m scripts.make_commands`."""

import asyncio
import io
import os
import re
import tempfile
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import SVG_EXPORT_THEME
from rich.text import Text
from tests.cli.document import document
from tests.cli.walk import CART, RULES, Screen, Walk
from tests.faults.service import Service
from tests.opencode.live import make_repository, opencode_binary

from .demo_session.picture import without_fetched_fonts
from .scripted_model import ScriptedModel

DOCS = Path(__file__).resolve().parents[1] / "docs"


def main() -> None:
    """Walk through the job and write down what the terminal showed."""
    with tempfile.TemporaryDirectory(prefix="opencode-ledger-") as folder:
        screens, place = asyncio.run(walked(Path(folder).resolve()))
    (DOCS / "commands.md").write_text(document(screens, place), encoding="utf-8")
    pictures = DOCS / "screens"
    pictures.mkdir(exist_ok=True)
    for screen in screens:
        name = screen.words[0] + ("-add" if screen.words[:2] == ("tasks", "add") else "")
        (pictures / f"{name}.svg").write_text(picture(screen, place), encoding="utf-8")
    print(f"wrote {DOCS / 'commands.md'} and {pictures}")


async def walked(folder: Path) -> tuple[list[Screen], Path]:
    """The screens of a walk, and the directory in which it was done."""
    binary = opencode_binary()
    assert binary is not None, "opencode was not found; ./scripts/test fetches it"
    async with ScriptedModel(RULES) as model:
        service = Service(folder, binary, model)
        try:
            await service.start()
            place = make_repository(folder / "shop")
            (place / "cart.py").write_text(CART)
            home = folder / "person"
            home.mkdir()
            seen = {"LEDGER_URL": service.url, "HOME": str(home), "PATH": os.environ["PATH"]}
            return await Walk(place, seen).screens(), place
        finally:
            await service.close()


def picture(screen: Screen, place: Path) -> str:
    """A screen as a picture: an SVG that fetches nothing from elsewhere."""
    shown = Console(record=True, width=80, file=io.StringIO(), highlight=False)
    typed = re.sub(r"(.)\x08 \x08", "", screen.raw.replace("\r\n", "\n").replace(str(place.parent), "/home/me"))
    shown.print(Text.assemble(("$ ", "dim"), (screen.line, "bold")))
    shown.print(Text.from_ansi(typed))
    svg = shown.export_svg(title="opencode-ledger", theme=SVG_EXPORT_THEME, unique_id=screen.words[0])
    return without_fetched_fonts(svg)


if __name__ == "__main__":
    main()
