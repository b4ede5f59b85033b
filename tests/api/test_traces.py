"""Traces: what a collector receives, and that the service never waits for one."""

import asyncio
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any, Final

import pytest
import structlog
from structlog.testing import capture_logs
from tests.support.service import LIMIT, Running, running

pytest.importorskip("opentelemetry.sdk")

from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from tests.support.collector import Collector, attributes, collecting

from opencode_ledger.actors.twins.scripted_agent import ScriptedAgent
from opencode_ledger.domain.codebase.effects import Prompt
from opencode_ledger.domain.secrets.masker import Secrets
from opencode_ledger.http import bootstrap
from opencode_ledger.http.settings import Settings
from opencode_ledger.http.traces import export
from opencode_ledger.http.traces.export import SpanExport
from opencode_ledger.http.traces.spans import MISSING
from opencode_ledger.projections.traces.span import Span

PROMPT: Final = "a prompt that nobody else may read"
ANSWER: Final = "an answer that nobody else may read"
KEY: Final = "the-key-of-the-collector"
TRACE, CALLER = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
TRIGGER: Final = "POST /v1/opencode/codebases/{codebase_id}/trigger"
MISSED: Final = "GET /v1/opencode/codebases/{codebase_id}"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """None of the variables that a person may have set; batches are sent soon."""
    for name in [name for name in os.environ if name.startswith("OTEL_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "20")


async def work(agent: ScriptedAgent, _prompt: Prompt) -> None:
    await agent.say(ANSWER)
    await agent.end("Done.")


async def run_of(api: Running, **headers: str) -> str:
    """A whole run; the session's id."""
    api.agents.play = work
    codebase = await api.register()
    answer = await api.ask("POST", f"/codebases/{codebase}/trigger", {"prompt": PROMPT}, headers=dict(headers))
    assert answer.status == 200
    session = str(answer.body["session_id"])

    async def ended() -> bool:
        return bool((await api.get(f"/codebases/{codebase}/sessions"))["sessions"][0]["status"] == "completed")

    while not await ended():
        pass
    return session


def asking(settings: Settings) -> Settings:
    return settings.model_copy(update={"traces": True})


async def test_a_run_at_a_collector(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The request and the run have spans in the conventions' names, linked to each other, without any content."""
    async with collecting() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", f"x-api-key={KEY}")
        monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test")
        async with running(asking(settings), tmp_path / "home") as api:
            session = await run_of(api, traceparent=f"00-{TRACE}-{CALLER}-01")
            assert (await api.ask("GET", "/codebases/nothing")).status == 404
            await api.get("/healthz")
            assert api.service.secrets.mask(KEY) != KEY
            wanted = ("invoke_agent build", TRIGGER, MISSED)
            await collector.has(lambda one: all(one.named(name) for name in wanted))
        assert collector.headers["x-api-key"] == KEY
        [run], [request] = collector.named("invoke_agent build"), collector.named(TRIGGER)
        found_in_run = attributes(run.attributes)
        assert found_in_run["gen_ai.operation.name"] == "invoke_agent"
        assert found_in_run["gen_ai.conversation.id"] == session
        assert found_in_run["opencode_ledger.correlation_id"] == TRACE
        [link] = run.links
        assert (link.trace_id, link.span_id) == (request.trace_id, request.span_id)
        assert (request.trace_id.hex(), request.parent_span_id.hex()) == (TRACE, CALLER)
        served = attributes(request.attributes)
        assert (served["http.request.method"], served["http.response.status_code"]) == ("POST", 200)
        assert (request.kind, run.kind) == (2, 1)
        [missed] = [
            span for span in collector.spans if attributes(span.attributes).get("http.response.status_code") == 404
        ]
        assert missed.name == "GET /v1/opencode/codebases/{codebase_id}"
        assert not collector.named("GET /healthz")
        assert collector.resources[0]["service.name"] == "opencode-ledger"
        assert collector.resources[0]["deployment.environment.name"] == "test"
        everything = repr(collector.spans) + repr(collector.resources)
        for content in (PROMPT, ANSWER, KEY, "my-project"):
            assert content not in everything


async def test_a_run_that_the_end_of_the_server_ends(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is recorded last is sent too, before the process ends."""
    async with collecting() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "60000")
        monkeypatch.setattr(export, "LAST_WORDS", LIMIT)  # on a busy machine too
        async with running(asking(settings), tmp_path / "home") as api:
            codebase = await api.register()
            await api.post(f"/codebases/{codebase}/trigger", {"prompt": PROMPT})
            await api.agent_at_work(codebase)
        [run] = collector.named("invoke_agent build")
        assert attributes(run.attributes)["opencode_ledger.run.end"] == "interrupted"


async def nothing(_collector: Collector) -> None:
    """Leave the collector as it is."""


OUTAGES: Final[dict[str, dict[str, str]]] = {
    # what is wrong, as variables; `{url}` is that of the collector
    "nobody listens": {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"},
    "it never answers": {"OTEL_EXPORTER_OTLP_ENDPOINT": "{silent}"},
    "it refuses everything": {"OTEL_EXPORTER_OTLP_ENDPOINT": "{refusing}"},
    "it is overloaded": {"OTEL_EXPORTER_OTLP_ENDPOINT": "{overloaded}"},
    "no address": {"OTEL_EXPORTER_OTLP_ENDPOINT": "nonsense"},
    "another scheme": {"OTEL_EXPORTER_OTLP_ENDPOINT": "ftp://127.0.0.1"},
    "a full queue": {
        "OTEL_EXPORTER_OTLP_ENDPOINT": "{silent}",
        "OTEL_BSP_MAX_QUEUE_SIZE": "2",
        "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "1",
    },
    "a queue that can't be": {"OTEL_BSP_MAX_QUEUE_SIZE": "1", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "9"},
    "a bad limit": {"OTEL_EXPORTER_OTLP_TIMEOUT": "soon"},
    "another protocol": {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
    "another exporter": {"OTEL_TRACES_EXPORTER": "zipkin"},
    "turned off": {"OTEL_SDK_DISABLED": "true"},
}


async def test_a_collector_that_fails(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quiet: None, subtests: pytest.Subtests
) -> None:
    """The service works and ends as without traces, whatever the collector does and whatever the variables say."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger("warning"))
    async with collecting(silent=True) as silent, collecting(status=400) as bad, collecting(status=503) as busy:
        urls = {"silent": silent.url, "refusing": bad.url, "overloaded": busy.url}
        for number, (name, variables) in enumerate(OUTAGES.items()):
            with subtests.test(name), monkeypatch.context() as patch, capture_logs() as logs:
                patch.setattr(export, "LAST_WORDS", 0.3)  # it is waited for in vain several times
                for variable, value in variables.items():
                    patch.setenv(variable, value.format(**urls))
                data = settings.model_copy(update={"data": tmp_path / f"data-{number}"})
                async with running(asking(data), tmp_path / f"home-{number}") as api:
                    await run_of(api)
                    assert all([(await api.ask("GET", "/codebases")).status == 200 for _ in range(5)])
                    begun = monotonic()
                    head = api.service.store.head
                assert monotonic() - begun < 5
                assert head > 5
                said = [line for line in logs if "trace" in line["event"]]
                assert {line["log_level"] for line in said} == {"warning"}, "one can read why there are none"
                assert len(said) <= 6


async def test_without_the_extra(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The start says in one sentence how to install it, and the service runs."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger("warning"))
    monkeypatch.setitem(sys.modules, "opencode_ledger.http.traces.export", None)
    with capture_logs() as logs:
        async with running(asking(settings), tmp_path / "home") as api:
            await run_of(api)
    assert [line["log_level"] for line in logs if line["event"] == MISSING] == ["warning"]
    assert "opencode-ledger[otel]" in MISSING


async def test_off_unless_asked_for(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variables alone turn nothing on."""
    async with collecting() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        monkeypatch.delattr(bootstrap, "open_spans")
        async with running(settings, tmp_path / "home") as api:
            await run_of(api)
        assert collector.requests == 0


# --- spans, without a collector ---------------------------------------------------------------------------------


def span(**more: Any) -> Span:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    given: dict[str, Any] = {
        "name": "a span",
        "kind": "internal",
        "trace_id": TRACE,
        "span_id": CALLER,
        "parent_id": None,
    }
    times: dict[str, Any] = {"began": now, "ended": now + timedelta(milliseconds=1500)}
    return Span(**{**given, **times, **more})


async def sent(spans: list[Span], secrets: Secrets | None = None) -> list[Any]:
    exporter = InMemorySpanExporter()
    spans_out = await asyncio.to_thread(SpanExport, exporter, secrets or Secrets())
    for one in spans:
        spans_out.send(one)
    await spans_out.close()
    return list(exporter.get_finished_spans())


async def test_secrets_are_masked() -> None:
    """In names, attributes and errors, whatever a caller or a tool has put into them."""
    secret = "a-password-that-is-known"
    spans = [span(name=f"x {secret}", attributes={"a": secret, "n": 1}, error=secret, correlation_id=f"id-{secret}")]
    [found] = await sent(spans, Secrets([secret]))
    assert secret not in found.to_json()
    assert found.attributes["n"] == 1


async def test_times_and_failures() -> None:
    """A span lasts as long as it did, and a failed one says so."""
    good, bad = await sent([span(), span(error="AGENT_CRASHED", parent_id=TRACE[:16])])
    assert good.end_time - good.start_time == 1_500_000_000
    assert (good.status.status_code.name, bad.status.status_code.name) == ("UNSET", "ERROR")
    assert (bad.attributes["error.type"], format(bad.parent.span_id, "016x")) == ("AGENT_CRASHED", TRACE[:16])
    assert good.parent is None


SAMPLERS = (
    ("always_on", "", 64),
    ("always_off", "", 0),
    ("traceidratio", "0.5", None),
    ("parentbased_always_off", "", 0),
)


@pytest.mark.parametrize(("sampler", "argument", "number"), SAMPLERS)
async def test_sampling(monkeypatch: pytest.MonkeyPatch, sampler: str, argument: str, number: int | None) -> None:
    """OpenTelemetry's own variables decide, for whole traces."""
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", sampler)
    monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", argument)
    traces = [f"{index * 0x0400000000000000 + 1:032x}" for index in range(64)]
    found = await sent([span(trace_id=trace, name=name) for trace in traces for name in ("a", "b")])
    kept = [format(one.context.trace_id, "032x") for one in found]
    assert all(kept.count(trace) in (0, 2) for trace in traces)
    assert len(kept) == 2 * number if number is not None else 0 < len(kept) < 128


@pytest.mark.parametrize("variable", ["OTEL_SERVICE_NAME", "OTEL_RESOURCE_ATTRIBUTES"])
async def test_the_name_of_the_service(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    """It can be given by OpenTelemetry's own variables."""
    monkeypatch.setenv(variable, "shop" if variable == "OTEL_SERVICE_NAME" else "service.name=shop")
    [found] = await sent([span()])
    assert found.resource.attributes["service.name"] == "shop"
