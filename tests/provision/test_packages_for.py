"""Which of npm's packages holds the agent for which machine."""

import pytest

from opencode_ledger.http.setup.opencode import packages_for
from opencode_ledger.http.setup.programs import SetupFailed


@pytest.mark.parametrize(
    ("system", "machine", "musl", "avx2", "expected"),
    [
        ("Linux", "x86_64", False, True, ["opencode-linux-x64", "opencode-linux-x64-baseline"]),
        ("Linux", "x86_64", False, False, ["opencode-linux-x64-baseline"]),
        ("Linux", "x86_64", True, True, ["opencode-linux-x64-musl", "opencode-linux-x64-baseline-musl"]),
        ("Linux", "aarch64", False, False, ["opencode-linux-arm64"]),
        ("Linux", "aarch64", True, False, ["opencode-linux-arm64-musl"]),
        ("Darwin", "arm64", False, True, ["opencode-darwin-arm64"]),
        ("Darwin", "x86_64", False, True, ["opencode-darwin-x64", "opencode-darwin-x64-baseline"]),
    ],
)
def test_a_machine_gets_the_build_made_for_it(
    system: str, machine: str, musl: bool, avx2: bool, expected: list[str]
) -> None:
    """The build for the processor and the C library comes first; one that runs on older processors follows."""
    assert packages_for(system, machine, musl=musl, avx2=avx2) == expected


@pytest.mark.parametrize(("system", "machine"), [("Windows", "AMD64"), ("Linux", "riscv64")])
def test_a_machine_without_a_build_gets_advice(system: str, machine: str) -> None:
    """Where there is no build, the message says how to name one of their own."""
    with pytest.raises(SetupFailed, match="no opencode for") as failure:
        packages_for(system, machine, musl=False, avx2=True)
    assert "LEDGER_OPENCODE_BINARY" in failure.value.advice
