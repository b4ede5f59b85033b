"""The files for Prometheus and Grafana: valid for their own tool, and about metrics that exist."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

DEPLOY = Path(__file__).parents[2] / "deploy"
RULES = DEPLOY / "prometheus/alerts.yml"
BOARD = DEPLOY / "grafana/opencode-ledger.json"
DOCUMENTED = set(
    re.findall(
        r"^\| `(opencode_ledger_\w+)`",
        (DEPLOY.parent / "docs/operations.md").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
)
"""What docs/operations.md lists. tests/api/test_metrics.py compares it with what is scraped."""


def rules() -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"] for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    return list(json.loads(BOARD.read_text(encoding="utf-8"))["panels"])


def queries() -> Iterator[str]:
    yield from (rule["expr"] for rule in rules())
    yield from (target["expr"] for panel in panels() for target in panel["targets"])


def test_queries_name_metrics_that_exist() -> None:
    """Every metric in a rule or on the board is documented, and so it is scraped."""
    for query in queries():
        for name in re.findall(r"opencode_ledger_\w+", query):
            assert re.sub(r"_(bucket|count|sum)$", "", name) in DOCUMENTED, query


def test_the_board_shows_nearly_all() -> None:
    """What is scraped is on the board, but for the number of codebases."""
    shown = {
        re.sub(r"_(bucket|count|sum)$", "", name)
        for query in queries()
        for name in re.findall(r"opencode_ledger_\w+", query)
    }
    board = BOARD.read_text(encoding="utf-8")
    assert {name for name in DOCUMENTED if name not in shown and name not in board} == {
        "opencode_ledger_codebases",
        "opencode_ledger_streams_pending_bytes",
    }


def test_each_rule_says_what_to_do() -> None:
    """A rule has a name of its own, a severity, and a sentence."""
    assert len({rule["alert"] for rule in rules()}) == len(rules())
    for rule in rules():
        assert rule["labels"]["severity"] in ("critical", "warning", "info")
        assert rule["annotations"]["summary"].endswith((".", ";"))


def test_the_board_is_laid_out_without_holes() -> None:
    """No two panels overlap, none is wider than the board, and each has a title of its own."""
    taken: set[tuple[int, int]] = set()
    for panel in panels():
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        assert all(x < 24 for x, _ in cells)
        taken |= cells
    assert len({panel["title"] for panel in panels()}) == len({panel["id"] for panel in panels()}) == len(panels())


def promtool(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    program = shutil.which("promtool") or pytest.skip("promtool isn't installed")
    return subprocess.run([program, *arguments], capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "rules", RULES),
        ("check", "config", "--syntax-only", DEPLOY / "prometheus/prometheus.yml"),
        ("test", "rules", Path(__file__).with_name("alerts_test.yml")),
    ],
    ids=["rules", "configuration", "when they fire"],
)
def test_prometheus_own_tool_accepts_them(arguments: tuple[str | Path, ...]) -> None:
    """The rules and the scrape configuration are valid, and each rule fires when it should and not before."""
    done = promtool(*arguments)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_rule_has_a_case() -> None:
    """The cases of promtool name each rule."""
    cases = Path(__file__).with_name("alerts_test.yml").read_text(encoding="utf-8")
    assert {rule["alert"] for rule in rules() if f"alertname: {rule['alert']}\n" not in cases} == set()


def test_every_query_of_the_board_is_promql(tmp_path: Path) -> None:
    """Prometheus's own parser takes the board's queries, with a server in the place of the variable."""
    exprs = [target["expr"].replace("$instance", ".*") for panel in panels() for target in panel["targets"]]
    recorded = [{"record": f"board:query_{number}", "expr": expr} for number, expr in enumerate(exprs)]
    file = tmp_path / "board.yml"
    file.write_text(json.dumps({"groups": [{"name": "board", "rules": recorded}]}), encoding="utf-8")
    done = promtool("check", "rules", file)
    assert done.returncode == 0, done.stdout + done.stderr
