"""Mutation testing of `domain/`: how many small mistakes in it would the quick tests of the domain find?

    .venv/bin/pip install mutmut
    .venv/bin/python -m scripts.mutate decide state merkle   # some modules; without names, all of them: some hours
    .venv/bin/python -m scripts.mutate --show decide         # what survived, as diffs

mutmut knows a module by its path, so it works on a copy of the package in the layout of the wheel, made anew by each run.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
PLACE: Final = Path(tempfile.gettempdir()) / "opencode-ledger-mutation"
DOMAIN: Final = Path("opencode_ledger") / "domain"

LEFT_OUT: Final = ("tests/domain/test_states_drawing.py",)
"""Tests of files beside the package."""

VERDICTS: Final = (
    dict.fromkeys((1, 3), "killed")
    | dict.fromkeys((24, -24, 36, 152, 255), "ran for ever")
    | dict.fromkeys((5, 33), "untested")
    | {0: "survived", None: "not run"}
)
"""By the exit code that mutmut notes."""

FOUND: Final = ("killed", "ran for ever")
MISSED: Final = ("survived", "untested")


def main() -> None:
    """Mutate what is named, and print each module's score."""
    names = [name.removesuffix(".py") for name in sys.argv[1:] if not name.startswith("-")]
    if "--show" not in sys.argv:
        _lay_out(names)
        mutmut = ["nice", "-n", "19", sys.executable, "-m", "mutmut", "run", "--max-children", "1"]
        subprocess.run(mutmut, cwd=PLACE, check=False)
    _report(names)
    if "--show" in sys.argv:
        _show(names)


def _lay_out(names: list[str]) -> None:
    """Copy what is in the work tree, and say what is to be mutated."""
    shutil.rmtree(PLACE, ignore_errors=True)
    without = shutil.ignore_patterns("__pycache__", ".hypothesis")
    for source, target in ((ROOT / ".dev" / "opencode_ledger", "opencode_ledger"), (ROOT / "tests", "tests")):
        shutil.copytree(source, PLACE / target, ignore=without)
    chosen = [f"{DOMAIN}/{name}.py" for name in names] or [f"{DOMAIN}/*.py"]
    options = [
        "-p",
        "no:randomly",
        "-p",
        "no:cacheprovider",
        "--hypothesis-seed=0",
        *(f"--ignore={test}" for test in LEFT_OUT),
    ]
    (PLACE / "pyproject.toml").write_text(
        "[tool.mutmut]\n"
        'source_paths = ["opencode_ledger"]\n'
        f"only_mutate = {json.dumps(chosen)}\n"
        f"pytest_add_cli_args = {json.dumps(options)}\n"
        'pytest_add_cli_args_test_selection = ["tests/domain"]\n'
        "[tool.pytest.ini_options]\n"
        'addopts = "--import-mode=importlib"\n'
        'pythonpath = ["."]\n'
        'asyncio_mode = "auto"\n'
    )


def _verdicts() -> Iterator[tuple[str, dict[str, int | None]]]:
    """Of each module that was mutated: its name, and each mutant's exit code."""
    for path in sorted((PLACE / "mutants" / DOMAIN).glob("*.py.meta")):
        yield path.name.removesuffix(".py.meta"), json.loads(path.read_text())["exit_code_by_key"]


def _report(names: list[str]) -> None:
    total = Counter[str]()
    for module, codes in _verdicts():
        if names and module not in names:
            continue
        counts = Counter(VERDICTS.get(code, "died otherwise") for code in codes.values())
        total += counts
        _print(module, counts)
    _print("all", total)


def _print(module: str, counts: Counter[str]) -> None:
    run = sum(counts.values()) - counts["not run"]
    found = sum(counts[verdict] for verdict in FOUND)
    if run:
        print(f"{module:24} {found / run:6.1%}  " + ", ".join(f"{n} {what}" for what, n in counts.most_common()))


def _show(names: list[str]) -> None:
    for module, codes in _verdicts():
        for mutant in (name for name, code in codes.items() if module in names and VERDICTS.get(code) in MISSED):
            subprocess.run([sys.executable, "-m", "mutmut", "show", mutant], cwd=PLACE, env=os.environ, check=False)


if __name__ == "__main__":
    main()
