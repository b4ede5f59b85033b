"""The parts of the clients that are made from other parts of the project are up to date."""

from scripts.clients.made import ROOT, made_files


def test_the_made_files_are_those_in_the_tree() -> None:
    """The types are those of the API's description, and the synchronous client is that of the asynchronous one."""
    stale = [path for path, text in made_files().items() if (ROOT / path).read_text(encoding="utf-8") != text]
    assert stale == [], "run: python -m scripts.clients"
