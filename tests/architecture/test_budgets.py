"""The house's budgets: files of about a screen or two, functions that are read at a glance."""

from collections import Counter
from statistics import median

from .tree import ROOT, functions, line_count, python_files

SOURCE = ("domain", "actors", "projections", "http")
ALL_CODE = (*SOURCE, "scripts", "tests")


def test_no_file_is_longer_than_400_lines() -> None:
    """A file that grows past 400 lines is to be parted."""
    lengths = {str(path.relative_to(ROOT)): line_count(path) for path in python_files(*ALL_CODE)}
    assert {path: lines for path, lines in lengths.items() if lines > 400} == {}


def test_no_function_is_longer_than_60_lines() -> None:
    """A function that grows past 60 lines is to be parted."""
    assert [function for function in functions(*ALL_CODE) if function.lines > 60] == []


def test_half_of_the_files_have_at_most_120_lines() -> None:
    """The usual file is short."""
    assert median(line_count(path) for path in python_files(*SOURCE)) <= 120


def test_half_of_the_functions_have_at_most_eight_lines() -> None:
    """The usual function is a thought."""
    assert median(function.lines for function in functions(*SOURCE)) <= 8


def test_nine_of_ten_functions_have_at_most_30_lines() -> None:
    """A long function is rare."""
    lengths = sorted(function.lines for function in functions(*SOURCE))
    assert lengths[len(lengths) * 9 // 10] <= 30


def test_no_folder_has_more_than_20_source_files() -> None:
    """A folder is a room that a reader takes in at a glance."""
    files = Counter(str(path.parent.relative_to(ROOT)) for path in python_files(*SOURCE))
    assert {folder: count for folder, count in files.items() if count > 20} == {}
