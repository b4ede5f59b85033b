"""Mutation testing of `domain/`: how many small mistakes in it would its quick tests find?

    .venv/bin/python -m scripts.mutate decide state        # some modules; without names, all of them
    .venv/bin/python -m scripts.mutate --sample 40         # at most 40 mistakes in each, chosen by its name
    .venv/bin/python -m scripts.mutate --again             # what was missed, once more, after a test was written
    .venv/bin/python -m scripts.mutate --show decide       # tries nothing out; says which were missed

Verdicts are kept beside the functions' source in `.mutation.json`: an interrupted run continues there, and what has
changed is tried again.
"""

import argparse
import ast
import hashlib
import importlib
import json
import os
import random
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from .mutation.mistakes import functions, mistakes
from .mutation.trial import Collected, Tests, try_out

ROOT: Final = Path(__file__).resolve().parents[1]
KEPT: Final = ROOT / ".mutation.json"
TESTS: Final = ("tests/domain", "tests/opencode/test_translation.py")
LEFT_OUT: Final = ("tests/domain/test_states_drawing.py",)
"""Tests of files beside the package."""
QUIET: Final = (
    "-q",
    "--no-header",
    "--no-summary",
    "--tb=no",
    "-p",
    "no:randomly",
    "-p",
    "no:cacheprovider",
    "--timeout=0",
    "-W",
    "ignore::pytest.PytestAssertRewriteWarning",
)
FOUND: Final = ("found", "found as it ran wild")


@dataclass(frozen=True, slots=True)
class Mistake:
    """The `index`-th in a function."""

    name: str
    index: int
    words: str
    key: str


class Module:
    """A module of the domain, and the mistakes that are tried out in it."""

    def __init__(self, path: Path, sample: int | None) -> None:
        self.path = path
        self.tree = ast.parse(path.read_text())
        self.functions = dict(functions(self.tree))
        made = [
            Mistake(
                name, n, words, hashlib.sha256(f"{path.stem} {name} {source} {n} {words}".encode()).hexdigest()[:16]
            )
            for name, function in self.functions.items()
            for source in [ast.unparse(function)]
            for n, words in enumerate(mistakes(function))
        ]
        self.made = len(made)
        drawn = random.Random(path.stem).sample(made, len(made))[:sample]  # so that a larger sample holds a smaller one
        self.mistakes = sorted(drawn, key=made.index)

    def try_out(self, mistake: Mistake, tests: Tests) -> str:
        """The verdict on one."""
        for n, _ in enumerate(standing := mistakes(self.functions[mistake.name])):
            if n == mistake.index:
                verdict = try_out(self.tree, self.path, mistake.name, tests)
                for _ in standing:  # the rest are made and taken back, so that this one is taken back
                    pass
                return verdict
        raise LookupError(mistake.words)


def main() -> None:
    """Try out what is asked for, and print each module's score."""
    parser = argparse.ArgumentParser(description="Mutation testing of the domain.")
    parser.add_argument("modules", nargs="*")
    parser.add_argument("--sample", type=int)
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--show", action="store_true")
    asked = parser.parse_args()
    folder = ROOT / ".dev" / "opencode_ledger" / "domain"
    names = asked.modules or sorted(str(path.relative_to(folder).with_suffix("")) for path in folder.rglob("*.py"))
    modules = [Module(folder / f"{name}.py", asked.sample) for name in names]
    verdicts: dict[str, str] = json.loads(KEPT.read_text()) if KEPT.exists() else {}

    def try_all(tests: Tests) -> None:
        tests.learn(folder)
        for module in modules:
            _try_module(module, tests, verdicts, again=asked.again)
            _report(module, verdicts)

    if asked.show:
        for module in modules:
            _show(module, verdicts)
    else:
        for name in names:
            importlib.import_module(f"opencode_ledger.domain.{name.replace('/', '.')}")
        os.chdir(ROOT)
        ignored = [f"--ignore={test}" for test in LEFT_OUT]
        pytest.main([*TESTS, *ignored, *QUIET], plugins=[Collected(try_all)])
    _total(modules, verdicts)


def _try_module(module: Module, tests: Tests, verdicts: dict[str, str], *, again: bool) -> None:
    for mistake in module.mistakes:
        known = verdicts.get(mistake.key)
        if known is None or (again and known not in FOUND):
            verdicts[mistake.key] = module.try_out(mistake, tests)
            KEPT.write_text(json.dumps(verdicts))


def _counts(module: Module, verdicts: dict[str, str]) -> Counter[str]:
    counts = Counter(verdicts[mistake.key] for mistake in module.mistakes if mistake.key in verdicts)
    del counts["no program"]
    return counts


def _report(module: Module, verdicts: dict[str, str]) -> None:
    counts = _counts(module, verdicts)
    found = sum(counts[verdict] for verdict in FOUND)
    of = f" (drawn from {module.made})" if len(module.mistakes) < module.made else ""
    place = f"{module.path.parent.name}/{module.path.stem}"
    print(f"{place:30} {found:4} of {counts.total():4}{of}  {dict(counts)}", flush=True)


def _show(module: Module, verdicts: dict[str, str]) -> None:
    _report(module, verdicts)
    for mistake in module.mistakes:
        if (verdict := verdicts.get(mistake.key)) in ("missed", "unreached"):
            print(f"  {verdict}: {mistake.name}: {mistake.words}")


def _total(modules: list[Module], verdicts: dict[str, str]) -> None:
    total = sum((_counts(module, verdicts) for module in modules), Counter[str]())
    found = sum(total[verdict] for verdict in FOUND)
    print(f"{'all':20} {found:4} of {total.total():4}  {found / max(1, total.total()):.1%}")


if __name__ == "__main__":
    main()
