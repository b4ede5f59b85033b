"""The house's budgets: files of about a screen or two, functions that are read at a glance."""

import ast
from collections import Counter
from statistics import median

from .tree import PACKAGE_FOLDERS, ROOT, functions, line_count, python_files, syntax_tree

SOURCE = PACKAGE_FOLDERS
ALL_CODE = (*SOURCE, "scripts", "tests")

MADE = {
    "client/described.py": "made from the API's description, and read by looking up a name",
    "scripts/verify.py": "a verifier is one file: an auditor reads it, copies it, and needs nothing else",
}
"""Files that may be longer, each with the reason."""

A_RECORD = "a record of values, without a state machine"
A_TWIN = "an in-memory agent, whose parts a test looks at"
MANY_ATTRIBUTES = {
    "domain/codebase/imported.py ExternalMessage": A_RECORD,
    "domain/codebase/state.py Session": A_RECORD,
    "domain/events/imported.py SessionImported": A_RECORD,
    "domain/opencode/run.py Run": "what is known of one run, filled in by the translator",
    "domain/opencode/translator.py Translator": "one part for each kind of what opencode sends",
    "actors/opencode/agent.py OpencodeAgent": "wires the parts of one agent",
    "actors/opencode/connection.py Connection": "wires the parts of one running process",
    "actors/opencode/settings.py OpencodeSettings": A_RECORD,
    "actors/twins/scripted_agent.py ScriptedAgent": A_TWIN,
    "domain/events/run.py ToolResult": A_RECORD,
    "projections/story/session_story.py Entry": A_RECORD,
    "projections/views/permissions.py Permission": A_RECORD,
    "projections/views/session_queries.py Session": A_RECORD,
    "projections/views/tasks.py Task": A_RECORD,
    "client/following.py EventStream": "one state machine: a connection, and where the reader is",
    "http/api/shapes/permissions.py Permission": A_RECORD,
    "http/api/shapes/responses.py Session": A_RECORD,
    "http/api/service.py Service": A_RECORD,
    "http/settings.py Settings": A_RECORD,
    "http/streams/subscriber.py Subscriber": "one connection: its place, its two ends, and its clock",
    "http/streams/stream.py EventStreams": "wires the parts of the event streams",
}
"""Classes with more than 12 attributes, each with the reason."""


def test_no_file_is_longer_than_400_lines() -> None:
    """A file that grows past 400 lines is to be parted."""
    lengths = {str(path.relative_to(ROOT)): line_count(path) for path in python_files(*ALL_CODE)}
    assert {path for path, lines in lengths.items() if lines > 400} <= set(MADE)


def test_no_function_is_longer_than_60_lines() -> None:
    """A function that grows past 60 lines is to be parted."""
    assert [function for function in functions(*ALL_CODE) if function.lines > 60] == []


def test_half_of_the_files_have_at_most_120_lines() -> None:
    """Most files are short."""
    assert median(line_count(path) for path in python_files(*SOURCE)) <= 120


def test_half_of_the_functions_have_at_most_six_lines() -> None:
    """Most functions are one thought."""
    assert median(function.lines for function in functions(*SOURCE)) <= 6


def test_nine_of_ten_functions_have_at_most_15_lines() -> None:
    """A long function is rare."""
    lengths = sorted(function.lines for function in functions(*SOURCE))
    assert lengths[len(lengths) * 9 // 10] <= 15


def test_no_folder_has_more_than_20_source_files() -> None:
    """A folder is a room that a reader takes in at a glance."""
    files = Counter(str(path.parent.relative_to(ROOT)) for path in python_files(*SOURCE))
    assert {folder: count for folder, count in files.items() if count > 20} == {}


def attributes(body: ast.ClassDef) -> set[str]:
    """The attributes of a class: its annotated members, and whatever its methods set on `self`."""
    fields = {
        node.target.id for node in body.body if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    }
    return fields | {
        node.attr
        for node in ast.walk(body)
        if isinstance(node, ast.Attribute)
        and isinstance(node.ctx, ast.Store)
        and isinstance(node.value, ast.Name)
        and node.value.id == "self"
    }


def test_no_class_has_more_than_12_attributes_without_a_reason() -> None:
    """A class with many attributes is often several state machines in one."""
    large = {
        f"{path.relative_to(ROOT)} {node.name}"
        for path in python_files(*SOURCE)
        if str(path.relative_to(ROOT)) not in MADE
        for node in ast.walk(syntax_tree(path))
        if isinstance(node, ast.ClassDef) and len(attributes(node)) > 12
    }
    assert large - set(MANY_ATTRIBUTES) == set()
