"""Masking takes time in proportion to the text, also where the text repeats what secrets begin with: work is counted."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opencode_ledger.domain.secrets.masker import Masker, Secrets
from opencode_ledger.domain.secrets.needle import Effort
from opencode_ledger.domain.secrets.shapes import SHAPES, Atom, Shape
from opencode_ledger.domain.secrets.streams import StreamMasker

(LONG,) = (shape for shape in SHAPES if shape.in_long_runs)
SHORT = replace(
    LONG, atoms=tuple(replace(atom, least=min(atom.least, 2), most=min(atom.most, 5)) for atom in LONG.atoms)
)
"""The same shape with short runs, so that small texts have runs that are too long."""

PERIODS = (
    *(
        "eyJ",
        "eyJaaaaaaaa.",
        "eyJaaaaaaaa.eyJ",
        "sk-",
        "pypi-",
        "xoxb-",
        "github_pat_",
        "-----BEGIN ",
        "://u:",
        "password=",
    ),
    *("Bearer a", "hf_", "\\", "\\\\u", "\\u00", "%", "%7", "&#", "h", "hu", "h%75", "'", "hunter2hunter", "a", "ab"),
)
KNOWN = ("hunter2hunter2secret", "a" * 40, "ab" * 20 + "c", "\\\\server\\share\\secret")


class Work:
    """Counts what is tried. `looks`: places where a shape or a known secret is looked for. `steps`: of close searches."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.looks = self.steps = 0
        take, begins, span, could = Effort.take, Masker._begins_at, Shape.span_at, Shape.begins_at  # pyright: ignore[reportPrivateUsage]

        def counted_take(effort: Effort, steps: int) -> None:
            self.steps += steps
            take(effort, steps)

        def counted_begins(masker: Masker, text: str, place: int, effort: Effort) -> bool:
            self.looks += 1
            return begins(masker, text, place, effort)

        def counted_span(shape: Shape, text: str, place: int) -> tuple[int, int] | None:
            self.looks += shape.in_long_runs
            return span(shape, text, place)

        def counted_could(shape: Shape, text: str, place: int) -> bool:
            self.looks += shape.in_long_runs
            return could(shape, text, place)

        monkeypatch.setattr(Effort, "take", counted_take)
        monkeypatch.setattr(Masker, "_begins_at", counted_begins)
        monkeypatch.setattr(Shape, "span_at", counted_span)
        monkeypatch.setattr(Shape, "begins_at", counted_could)


def streamed(secrets: Secrets, text: str, size: int) -> str:
    """The masked text, in pieces of a size."""
    masker = StreamMasker(secrets)
    return "".join(masker.feed(text[at : at + size]) for at in range(0, len(text), size)) + masker.end()


def test_a_text_that_repeats_itself(monkeypatch: pytest.MonkeyPatch, subtests: pytest.Subtests) -> None:
    """Whatever is repeated, four times the text is about four times the work, and a piece of a text isn't much of it."""
    secrets, work = Secrets(KNOWN), Work(monkeypatch)
    for period in PERIODS:
        with subtests.test(period):
            done = list[tuple[int, int]]()
            for length in (600, 2_400):
                text = (period * length)[:length]
                work.looks = work.steps = 0
                assert streamed(secrets, text, 40) == secrets.mask(text)
                done.append((work.looks, work.steps))
                assert work.looks <= 4 * length + 1_000
                assert work.steps <= 60 * length + 20_000
            assert done[1][0] <= 5 * done[0][0] + 500
            assert done[1][1] <= 5 * done[0][1] + 5_000


def test_heads_in_one_run_are_not_tried_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run of ten thousand heads is looked at in a few places: what failed for the first fails for those behind it."""
    work = Work(monkeypatch)
    assert list(LONG.spans("eyJ" * 10_000, 0)) == []
    assert work.looks <= 4
    work.looks = 0
    assert list(LONG.spans("eyJ" * 10_000 + "!", 0)) == []
    assert LONG.begun_from("eyJ" * 10_000 + "!", 0) is None
    assert work.looks <= 8


TEXTS = st.lists(
    st.sampled_from(["eyJ", "e", "ey", "a", "aa", "-", ".", ".eyJ", " ", "eyJaa.eyJaa.aa"]), max_size=14
).map("".join)


@given(TEXTS, st.integers(0, 5))
def test_a_short_way_finds_the_same(text: str, start: int) -> None:
    """Leaving out hopeless places changes nothing of what is found, nor of where something may have begun."""
    assert list(SHORT.spans(text, start)) == [found.span() for found in SHORT.finder.finditer(text, start)]
    begun = re.compile(SHORT.begun).search(text, start)
    assert SHORT.begun_from(text, start) == (begun.start() if begun else None)


def test_what_makes_a_short_way_possible() -> None:
    """The head's characters are those of the first run, and what follows the run is not: else a place might be left out."""
    run, behind = LONG.atoms[0], LONG.atoms[1]
    assert isinstance(run, Atom)
    assert all(re.fullmatch(f"[{run.chars}]", char) for char in LONG.head)
    assert not re.fullmatch(f"[{run.chars}]", behind.chars.removeprefix("\\"))
    assert not LONG.around and not LONG.inside
