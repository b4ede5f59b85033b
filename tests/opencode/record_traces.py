"""Records what the real opencode says and does, scenario by scenario, into `traces/`.

For each scenario `<name>.jsonl` holds the payloads of `/event`, one a line, as they came, and `<name>.http.jsonl` the
requests with their answers, each with the number of events that had come before (`after_events`).

    python -m tests.opencode.record_traces --opencode PATH [name …]
"""

import argparse
import asyncio
import json
from pathlib import Path

from .traces import control, faults, tools  # each enters its scenarios
from .traces.bench import Bench, Json, bench
from .traces.play import SCENARIOS, Scenario

__all__ = ["control", "faults", "tools"]

TRACES = Path(__file__).parent / "traces"
LARGEST = 200_000


async def record(binary: str, scenario: Scenario) -> None:
    """Play one scenario on a fresh agent and write its two files."""
    made: Bench | None = None
    try:
        async with asyncio.timeout(120), bench(binary, **scenario.options) as made:
            await scenario.play(made)
    except Exception as error:  # one failure must not hide the other traces
        print(f"{scenario.name}: FAILED {error!r}", flush=True)
    if made is not None:
        write(made, scenario.name)


def write(made: Bench, name: str) -> None:
    """The two files of a scenario, scrubbed."""
    requests = [{"prompt": seen.prompt, "messages": [m.role for m in seen.messages]} for seen in made.model.requests]
    answers: list[Json] = [*made.answers, {"model_requests": requests}]
    for path, entries in ((f"{name}.jsonl", made.events), (f"{name}.http.jsonl", answers)):
        text = "".join(made.scrubbed(entry) + "\n" for entry in entries)
        if len(text) > LARGEST:
            print(f"{path}: {len(text)} bytes, too large", flush=True)
        (TRACES / path).write_text(text)
    print(f"{name}: {len(made.events)} events", flush=True)


def describe() -> None:
    """The list of scenarios, each with its sentence."""
    index = {scenario.name: scenario.about for scenario in SCENARIOS}
    (TRACES / "index.json").write_text(json.dumps(index, indent=2) + "\n")


async def record_all(binary: str, names: list[str], at_once: int) -> None:
    """Record the named scenarios, or all of them, `at_once` side by side."""
    places = asyncio.Semaphore(at_once)

    async def one(scenario: Scenario) -> None:
        async with places:
            await record(binary, scenario)

    wanted = [scenario for scenario in SCENARIOS if not names or scenario.name in names]
    await asyncio.gather(*map(one, wanted))
    describe()


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--opencode", required=True, help="path of the opencode binary")
    parser.add_argument("--at-once", type=int, default=2, help="how many scenarios to play side by side")
    parser.add_argument("names", nargs="*", help="scenarios to record; all without any")
    given = parser.parse_args()
    asyncio.run(record_all(given.opencode, given.names, given.at_once))


if __name__ == "__main__":
    main()
