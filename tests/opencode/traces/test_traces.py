"""The recorded traces are whole and say nothing of the machine that made them."""

import json
from pathlib import Path
from typing import cast

import pytest

TRACES = Path(__file__).parent
NAMES = sorted(cast("dict[str, str]", json.loads((TRACES / "index.json").read_text())))


@pytest.mark.parametrize("name", NAMES)
def test_each_scenario_has_a_trace(name: str) -> None:
    """Each listed scenario has its events, each with an id, a type and properties."""
    lines = (TRACES / f"{name}.jsonl").read_text().splitlines()
    events = [cast("dict[str, object]", json.loads(line)) for line in lines]
    assert events
    assert all(event.keys() >= {"id", "type", "properties"} or event["type"] == "trace.gap" for event in events)


@pytest.mark.parametrize("path", sorted(TRACES.glob("*.jsonl")), ids=lambda path: path.name)
def test_a_trace_is_small_and_neutral(path: Path) -> None:
    """A trace is under 200 kB and holds no temporary directory and no port."""
    text = path.read_text()
    assert len(text) < 200_000
    assert "trace-" not in text
    assert "127.0.0.1:0" in text or "127.0.0.1" not in text


def test_nothing_is_left_over() -> None:
    """Each trace in the folder belongs to a listed scenario."""
    stems = {path.name.split(".")[0] for path in TRACES.glob("*.jsonl")}
    assert stems == set(NAMES)
