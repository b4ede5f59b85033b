"""What a person reads when an installer fails."""

import pytest

from opencode_ledger.http.setup.advice import advice_on


@pytest.mark.parametrize(
    ("output", "advice"),
    [
        ("OSError: [Errno 28] No space left on device", "disk is full"),
        ("npm error code ENOSPC", "disk is full"),
        (
            "Failed to establish a new connection: [Errno -3] Temporary failure in name resolution",
            "could not be reached",
        ),
        ("npm error code ENOTFOUND", "could not be reached"),
        ("SSLError: CERTIFICATE_VERIFY_FAILED", "certificate is not trusted"),
        ("ERROR: No matching distribution found for orjson==3.13.0", "no build for this Python"),
        ("npm error code ETARGET", "LEDGER_OPENCODE_BINARY"),
        ("PermissionError: [Errno 13] Permission denied", "writable"),
    ],
)
def test_a_known_failure_comes_with_what_to_do(output: str, advice: str) -> None:
    """The person need not read an installer's output to know the next step."""
    assert advice in advice_on(output)


def test_an_unknown_failure_has_no_advice() -> None:
    """Rather none than a wrong one; the whole output is kept in a file then."""
    assert advice_on("Segmentation fault") == ""
