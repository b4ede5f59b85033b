"""The directories of golden logs need not exist where these are looked at."""

import pytest

from opencode_ledger.http.api import usable
from opencode_ledger.http.settings import Settings


@pytest.fixture(autouse=True)
def directories_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """Work goes on in them as if they did."""

    def check(_directory: str, _settings: Settings) -> None:
        """Whatever it is, it is there."""

    monkeypatch.setattr(usable, "check_unmoved", check)
