"""What schemathesis makes of the API's description, valid and not, sent to the real service: no answer is a surprise."""

import asyncio
import re
import sys
from asyncio.subprocess import PIPE, STDOUT
from pathlib import Path
from typing import Final

import pytest

from ..support.process import environment, serving
from .fuzzing.served import TOKEN

HERE: Final = Path(__file__).parent / "fuzzing"
SCHEMATHESIS: Final = Path(sys.executable).with_name("st")
GENERATED: Final = re.compile(r"([\d,]+) generated")
SEEDS: Final = (1, 2, 3, 4)


async def fuzzed(folder: Path, seed: int, *options: str) -> int:
    """How many requests were made; what schemathesis finds, by all of its checks, fails the test."""
    folder.mkdir()
    async with serving("-m", "tests.contract.fuzzing.served", str(folder)) as (_, port):
        config, address = ("--config-file", str(HERE / "schemathesis.toml")), f"http://127.0.0.1:{port}/openapi.json"
        token = f"Authorization: Bearer {TOKEN}"
        process = await asyncio.create_subprocess_exec(
            SCHEMATHESIS,
            *(*config, "run", address, "-H", token, "--checks", "all", "--seed", str(seed), "--no-color", *options),
            cwd=folder,
            env=environment({"SCHEMATHESIS_HOOKS": "tests.contract.fuzzing.hooks", "FUZZING_HOME": f"{folder}/home"}),
            stdout=PIPE,
            stderr=STDOUT,
        )
        try:
            output, _ = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
    report = output.decode()
    assert process.returncode == 0, report
    generated = GENERATED.search(report)
    assert generated, report
    return int(generated[1].replace(",", ""))


async def test_no_answer_is_a_surprise(tmp_path: Path) -> None:
    """Whatever is asked, there is no 5xx, no status, code, member or type but those described, and nothing invalid is taken."""
    assert await fuzzed(tmp_path / "seed", SEEDS[0], "--phases", "examples,coverage") > 500


@pytest.mark.long
@pytest.mark.timeout(3600)
async def test_no_answer_is_a_surprise_in_ten_thousand(tmp_path: Path) -> None:
    """The same for more than 10,000 requests, and for sequences of them."""
    made = [await fuzzed(tmp_path / str(seed), seed, "-n", "200") for seed in SEEDS]
    assert sum(made) >= 10_000
