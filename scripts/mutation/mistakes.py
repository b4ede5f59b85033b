"""Small mistakes in Python: each is made in the syntax tree, described by what it changes, and taken back.

Left alone is what no test should notice: docstrings, annotations, the words of a sentence for a person, and what
happens only when a promise of the type checker's is broken.
"""

import ast
from collections.abc import Iterator
from typing import Final, TypeAlias, cast

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
Swap: TypeAlias = tuple[ast.AST, str, object]
"""A node, a field of it, and what stands there by mistake."""

COMPARISONS: Final[dict[type[ast.cmpop], type[ast.cmpop]]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
OPERATORS: Final[dict[type[ast.operator], type[ast.operator]]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Add,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.BitXor: ast.BitOr,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
}
FOR_THE_TYPE_CHECKER: Final = ("assert_never", "cast", "TypeError", "AssertionError")


def functions(tree: ast.AST, within: str = "") -> Iterator[tuple[str, Function]]:
    """The outermost functions of a module and of its classes, by their qualified names."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield within + node.name, node
        elif isinstance(node, ast.ClassDef):
            yield from functions(node, f"{within}{node.name}.")


def mistakes(function: Function) -> Iterator[str]:
    """Make each mistake in turn; while it stands, yield the line that it changes, before and after."""
    right = ast.unparse(function).splitlines()
    for node, field, wrong in list(_within(function)):
        kept = getattr(node, field)
        setattr(node, field, wrong)
        yield _difference(right, ast.unparse(function).splitlines())
        setattr(node, field, kept)


def _difference(right: list[str], wrong: list[str]) -> str:
    pairs = [(before.strip(), after.strip()) for before, after in zip(right, wrong, strict=False) if before != after]
    before, after = pairs[0] if pairs else (right[-1].strip(), "")
    return f"{before}  →  {after}"


def _within(node: ast.AST) -> Iterator[Swap]:
    """Every mistake at a node and beneath it."""
    if _is_unseen(node):
        return
    yield from _at(node)
    for field in ("body", "orelse", "finalbody"):
        yield from _left_out(node, field)
    for child in _children(node):
        yield from _within(child)


def _children(node: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            yield from node.body[1:] if ast.get_docstring(node) is not None else node.body
        case ast.AnnAssign():
            yield from [node.value] if node.value else []
        case ast.Lambda():
            yield node.body
        case _:
            yield from ast.iter_child_nodes(node)


def _is_unseen(node: ast.AST) -> bool:
    if isinstance(node, ast.Raise) and node.exc is not None:
        return _is_unseen(node.exc)
    if isinstance(node, ast.match_case):
        return all(isinstance(statement, ast.Expr) and _is_unseen(statement.value) for statement in node.body)
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in FOR_THE_TYPE_CHECKER


def _at(node: ast.AST) -> Iterator[Swap]:
    match node:
        case ast.Compare():
            for n, operator in enumerate(node.ops):
                yield node, "ops", [*node.ops[:n], COMPARISONS[type(operator)](), *node.ops[n + 1 :]]
        case ast.BoolOp():
            yield node, "op", ast.And() if isinstance(node.op, ast.Or) else ast.Or()
        case ast.BinOp() | ast.AugAssign() if type(node.op) in OPERATORS:
            yield node, "op", OPERATORS[type(node.op)]()
        case ast.Constant():
            yield from ((node, "value", wrong) for wrong in _constants(node.value))
        case ast.Return(value=ast.expr() as value) if not isinstance(value, ast.Constant):
            yield node, "value", ast.Constant(None)
        case ast.Call():
            named = [(n, keyword) for n, keyword in enumerate(node.keywords) if keyword.arg is not None]
            yield from ((node, "keywords", [*node.keywords[:n], *node.keywords[n + 1 :]]) for n, _ in named)
        case _:
            yield from _at_a_choice(node)


def _at_a_choice(node: ast.AST) -> Iterator[Swap]:
    match node:
        case ast.If() | ast.IfExp() | ast.While() if not _is_negated_otherwise(node.test):
            yield node, "test", _negated(node.test)
        case ast.comprehension():
            tests = [(n, test) for n, test in enumerate(node.ifs) if not _is_negated_otherwise(test)]
            yield from ((node, "ifs", [*node.ifs[:n], _negated(test), *node.ifs[n + 1 :]]) for n, test in tests)
        case ast.match_case():
            yield node, "guard", ast.Constant(False)
        case _:
            pass


def _constants(value: object) -> Iterator[object]:
    match value:
        case bool():
            yield not value
        case int() | float():
            yield value + 1
        case str() if " " not in value:
            yield f"XX{value}XX"
        case bytes():
            yield b"XX" + value
        case _:
            pass


def _is_negated_otherwise(test: ast.expr) -> bool:
    """By a mistake within it, or nearly."""
    exact = (ast.Eq, ast.NotEq, ast.In, ast.NotIn, ast.Is, ast.IsNot)
    return isinstance(test, ast.BoolOp) or (isinstance(test, ast.Compare) and isinstance(test.ops[0], exact))


def _negated(test: ast.expr) -> ast.expr:
    inner = test.operand if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not) else None
    return inner or ast.UnaryOp(ast.Not(), test)


def _left_out(node: ast.AST, field: str) -> Iterator[Swap]:
    """Each statement of a block that is left out."""
    block: object = getattr(node, field, None)
    if not isinstance(block, list):  # a lambda's body is one expression
        return
    statements = cast(list[ast.stmt], block)
    for n, statement in enumerate(statements):
        if _is_docstring(statement) or _is_unseen(getattr(statement, "value", statement)):
            continue
        if isinstance(statement, ast.Expr | ast.Raise | ast.AugAssign | ast.Break | ast.Continue):
            yield node, field, [*statements[:n], ast.Pass(), *statements[n + 1 :]]


def _is_docstring(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
