"""Every code of the sources is in the API's description, but for those that no request gets."""

import ast
from collections.abc import Iterator
from importlib import import_module
from typing import Final

from tests.architecture.tree import PACKAGE_FOLDERS, ROOT, python_files, syntax_tree
from tests.support.described import described

from opencode_ledger.domain.errors import LedgerError
from opencode_ledger.http.openapi.faults import CODES, faults_of
from opencode_ledger.http.route import Route
from opencode_ledger.http.routes import ROUTES

AN_ANCESTOR: Final = "only its descendants are raised"
OF_A_RUN: Final = "an agent's code is recorded in its run's events; a request gets `agent_unavailable`"
AT_THE_START: Final = "the server doesn't start"
OFFLINE: Final = "the commands that work without a server print it"
FOR_PEOPLE: Final = "a page for people, which the description leaves out"
OF_THE_ACTOR: Final = "the actor that gets it refuses with `store_unavailable`"

UNSENT: Final = {
    "AGENT_ERROR": OF_A_RUN,
    "AGENT_NAME_REFUSED": OF_A_RUN,
    "AGENT_NOT_KNOWN": OF_A_RUN,
    "asset_not_found": FOR_PEOPLE,
    "bad_token_file": AT_THE_START,
    "conflict": AN_ANCESTOR,
    "data_in_use": AT_THE_START,
    "error": AN_ANCESTOR,
    "forbidden": AN_ANCESTOR,
    "log_changed": AT_THE_START,
    "log_damaged": OFFLINE,
    "not_found": AN_ANCESTOR,
    "not_over": OFFLINE,
    "part_not_found": FOR_PEOPLE,
    "port_taken": AT_THE_START,
    "too_few_files": AT_THE_START,
    "wrong_expected_version": OF_THE_ACTOR,
}
"""Codes that no request of the described routes gets, each with the reason."""


def classes(kind: type[LedgerError]) -> Iterator[type[LedgerError]]:
    """A class of errors and all that descend from it in the sources."""
    if kind.__module__.startswith("opencode_ledger."):
        yield kind
    for descendant in kind.__subclasses__():
        yield from classes(descendant)


def codes_of_classes() -> set[str]:
    """The codes of all classes of errors in the sources."""
    for path in python_files(*PACKAGE_FOLDERS):
        if path.name != "__main__.py":
            import_module(".".join(("opencode_ledger", *path.relative_to(ROOT).with_suffix("").parts)))
    return {kind.code for kind in classes(LedgerError)}


def literal_codes(source: str) -> set[str]:
    """The codes that a source gives to an answer by hand: in a call with `status` and `code`, or beside a `detail`."""
    found = set[str]()
    for node in ast.walk(syntax_tree(source)):
        if isinstance(node, ast.Call):
            given = {keyword.arg: keyword.value for keyword in node.keywords}
            found |= _constant(given.get("code")) if "status" in given else set()
        elif isinstance(node, ast.Dict):
            pairs = zip(node.keys, node.values, strict=True)
            members = {key.value: value for key, value in pairs if isinstance(key, ast.Constant)}
            found |= _constant(members.get("code")) if "detail" in members else set()
    return found


def test_every_code_is_described() -> None:
    """The code of each class of errors, and each that is written out, is described, or has a reason not to be."""
    literal = {code for path in python_files("http") for code in literal_codes(path.read_text(encoding="utf-8"))}
    assert "internal_error" in literal
    assert literal <= described_codes()
    assert codes_of_classes() - described_codes() == set(UNSENT)


def test_no_code_is_described_that_the_sources_lack() -> None:
    """A code that nothing gives any more leaves the description too."""
    literal = {code for path in python_files("http") for code in literal_codes(path.read_text(encoding="utf-8"))}
    assert described_codes() <= codes_of_classes() | literal


def test_reads_say_what_can_be_behind() -> None:
    """A read of the views, of the log or of its tree lists what keeps it from an answer, in words that fit a read."""
    assert behind("/v1/opencode/codebases/{codebase_id}/messages") == {"store_unavailable", "views_behind"}
    assert behind("/v1/opencode/log/checkpoint") == {"store_unavailable", "tree_behind"}
    assert behind("/v1/opencode/codebases/{codebase_id}/log") == {"store_unavailable", "views_behind"}, "by name"
    assert behind("/healthz") == set()
    for route in ROUTES:
        if route.method != "GET" and route.access != "open":
            assert behind(route.address, route.method) == {"store_unavailable", "views_behind"}
        for fault in faults_of(route).get(503, ()):
            assert fault.detail != "The log could not be written."


def behind(address: str, method: str = "GET") -> set[str]:
    """The codes of a route that say that the log, or what is made from it, can't be used."""
    route = the_route(address, method)
    codes = {fault.code for fault in faults_of(route).get(503, ())}
    return codes & {"store_unavailable", "views_behind", "tree_behind"}


def the_route(address: str, method: str) -> Route:
    """The route at an address."""
    return next(route for route in ROUTES if (route.method, route.address) == (method, address))


def described_codes() -> set[str]:
    """All codes of the description: those that all operations share, and those of each."""
    document = described()
    shared = set[str](document["components"]["responses"]["Refused"][CODES])
    responses = [
        response
        for methods in document["paths"].values()
        for operation in methods.values()
        for response in operation["responses"].values()
    ]
    return shared.union(*(response.get(CODES, ()) for response in responses))


def _constant(value: ast.expr | None) -> set[str]:
    return {str(value.value)} if isinstance(value, ast.Constant) else set()
