"""A progress bar on standard error for long work, if it is a terminal."""

from collections.abc import Callable, Generator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from .screen import Terminal


@contextmanager
def progress(doing: str) -> Generator[Callable[[int, int], None]]:
    """Gives a function to report progress: how much is done, and of how much."""
    columns = (TextColumn(doing), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"))
    screen = Terminal(stderr=True)
    seen = screen.is_terminal
    with Progress(
        *columns,
        TimeRemainingColumn(),
        console=screen,
        transient=True,
        disable=not seen,
        redirect_stdout=False,  # other output is printed as always
        redirect_stderr=False,
    ) as bar:
        task = bar.add_task("", total=None, rate="")

        def report(done: int, of: int) -> None:
            speed = bar.tasks[0].speed
            bar.update(task, completed=done, total=of, rate=f"{speed:,.0f}/s" if speed else "")

        yield report
