"""Opens the page in the person's browser, if there is one that shows it in a window of its own."""

import os
import threading
import webbrowser
from typing import Final
from urllib.parse import urlsplit, urlunsplit

ANYWHERE: Final = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 an address that is listened on
"""Addresses that stand for all of this machine's: one at which a browser gets there."""


def open_page(url: str) -> None:
    """Open the page at this address. Does nothing where there is no such browser, and waits for none."""
    browser = _browser()
    if browser is not None:
        # A browser may live as long as its window does. Nothing waits for this thread.
        threading.Thread(target=browser.open, args=(reachable(url),), daemon=True).start()


def reachable(url: str) -> str:
    """The address as a browser on this machine reaches it."""
    parts = urlsplit(url)
    host = ANYWHERE.get(parts.hostname or "")
    return url if host is None else urlunsplit(parts._replace(netloc=f"{host}:{parts.port}"))


def _browser() -> webbrowser.BaseBrowser | None:
    """The person's browser. One that would use this terminal counts only if the person names it in BROWSER."""
    try:
        browser = webbrowser.get()
    except webbrowser.Error:
        return None
    is_in_terminal = type(browser) is webbrowser.GenericBrowser
    return None if is_in_terminal and not os.environ.get("BROWSER") else browser
