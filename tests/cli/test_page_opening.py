"""Which browser opens the page, and at which address. Pure but for the variables."""

import webbrowser

import pytest

from opencode_ledger.http.cli import page_opening
from opencode_ledger.http.cli.page_opening import open_page, reachable


class Browser(webbrowser.BackgroundBrowser):
    """A browser that keeps what it is given."""

    def __init__(self) -> None:
        super().__init__("none")
        self.opened: list[str] = []

    def open(self, url: str, new: int = 0, autoraise: bool = True) -> bool:
        self.opened.append(url)
        return True


def test_a_window_is_opened_and_a_terminal_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """No browser at all is fine. One that would draw in the terminal of the service is used only if the person wants it."""
    started: list[object] = []
    monkeypatch.setattr(page_opening.threading, "Thread", lambda **given: started.append(given["args"]) or Thread())
    in_terminal = webbrowser.GenericBrowser("w3m")
    for browser, variable, expected in (
        (Browser(), None, True),
        (in_terminal, None, False),
        (in_terminal, "w3m", True),
        (None, None, False),
        (None, "", False),
    ):
        monkeypatch.delenv("BROWSER", raising=False)
        if variable is not None:
            monkeypatch.setenv("BROWSER", variable)
        monkeypatch.setattr(webbrowser, "get", lambda found=browser: found or _no_browser())
        started.clear()
        open_page("http://127.0.0.1:8000/")
        assert started == [("http://127.0.0.1:8000/",)] * expected, (browser, variable)


class Thread:
    """A thread that does nothing."""

    def start(self) -> None:
        """Nothing."""


def _no_browser() -> None:
    raise webbrowser.Error("could not locate runnable browser")


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("http://127.0.0.1:8000/", "http://127.0.0.1:8000/"),
        ("http://0.0.0.0:8000/", "http://127.0.0.1:8000/"),
        ("http://[::]:8000/", "http://[::1]:8000/"),
        ("https://agents.example.com/ledger/", "https://agents.example.com/ledger/"),
    ],
)
def test_an_address_that_a_browser_reaches(url: str, address: str) -> None:
    assert reachable(url) == address
