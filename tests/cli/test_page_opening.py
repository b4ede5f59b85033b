"""Which browser opens the page, and at which address. Pure but for the variables."""

import threading
import webbrowser

import pytest

from opencode_ledger.http.cli.page_opening import open_page, reachable

URL = "http://127.0.0.1:8000/"


class Browser(webbrowser.BackgroundBrowser):
    """A browser that keeps what it is given. `name`: of its program."""

    def __init__(self, opened: list[str], name: str = "none") -> None:
        super().__init__(name)
        self._opened = opened

    def open(self, url: str, new: int = 0, autoraise: bool = True) -> bool:
        self._opened.append(url)
        return True


@pytest.mark.parametrize(
    ("kind", "variable", "opens"),
    [
        ("window", None, True),
        ("terminal", None, False),
        ("terminal", "w3m", True),
        ("none", None, False),
        ("none", "", False),
    ],
)
def test_a_window_is_opened_and_a_terminal_left_alone(
    monkeypatch: pytest.MonkeyPatch, kind: str, variable: str | None, opens: bool
) -> None:
    """No browser at all is fine. One that would draw in the terminal of the service is used only if the person wants it."""
    opened: list[str] = []

    def found() -> webbrowser.BaseBrowser:
        if kind == "none":
            raise webbrowser.Error("could not locate runnable browser")
        return Browser(opened) if kind == "window" else webbrowser.GenericBrowser("w3m")

    def drawn(_browser: webbrowser.GenericBrowser, url: str) -> bool:
        opened.append(url)
        return True

    monkeypatch.setattr(webbrowser, "get", found)
    monkeypatch.setattr(webbrowser.GenericBrowser, "open", drawn)
    monkeypatch.delenv("BROWSER", raising=False)
    if variable is not None:
        monkeypatch.setenv("BROWSER", variable)
    before = {*threading.enumerate()}
    open_page(URL)
    for thread in {*threading.enumerate()} - before:
        thread.join(timeout=60)
    assert opened == [URL] * opens


@pytest.mark.parametrize(
    ("url", "address"),
    [
        (URL, URL),
        ("http://0.0.0.0:8000/", URL),
        ("http://[::]:8000/", "http://[::1]:8000/"),
        ("https://agents.example.com/ledger/", "https://agents.example.com/ledger/"),
    ],
)
def test_an_address_that_a_browser_reaches(url: str, address: str) -> None:
    assert reachable(url) == address
