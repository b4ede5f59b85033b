"""The page's libraries are those of the list: nothing else, nothing changed, with their licences, and small enough."""

import gzip
from typing import Final

from scripts.vendor.packages import LIST, PLACE, Package, known_packages, packages_as_json

MOST: Final = 105_000
"""Bytes of all libraries together, compressed with gzip."""


def test_each_file_is_the_one_of_the_list() -> None:
    """A library that was edited, or a file that nobody listed, is found."""
    listed = {file: sha256 for package in known_packages() for file, sha256 in package.places().items()}
    found = {file: Package.hash_of(file.read_bytes()) for file in PLACE.rglob("*") if file.is_file() and file != LIST}
    assert found == listed


def test_each_library_has_its_licence() -> None:
    """Each package has a version, a licence by its SPDX name, and the licence's text beside it."""
    for package in known_packages():
        assert package.version.count(".") == 2
        assert package.licence
        assert "LICENSE" in package.files


def test_the_list_is_as_the_script_writes_it() -> None:
    """Made again, the list is the same to the byte."""
    assert LIST.read_text(encoding="utf-8") == packages_as_json(known_packages())


def test_the_libraries_are_small() -> None:
    """A page that is opened over a slow line doesn't wait for libraries."""
    modules = [file for file in PLACE.rglob("*") if file.suffix in (".js", ".mjs")]
    assert sum(len(gzip.compress(file.read_bytes(), 9)) for file in modules) < MOST
