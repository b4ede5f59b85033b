"""Traces of the real agent: its model calls and tools at a collector, also of a run that a kill -9 ended."""

import os
import signal
from typing import Any

import pytest
from scripts.demo_session.client import Frame

from .service import Service, frame_of

pytest.importorskip("opentelemetry.sdk")

from tests.support.collector import attributes, collecting

pytestmark = pytest.mark.asyncio(loop_scope="module")


def seconds(span: Any) -> float:
    return float(span.end_time_unix_nano - span.start_time_unix_nano) / 1e9


def second_call(frame: Frame) -> bool:
    return frame.event == "tool_use" and "sleep" in frame.raw.decode()


async def test_a_run_that_is_killed(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """What had ended comes from the killed server, and the end of the run from the next one: all in one trace."""
    for name in [name for name in os.environ if name.startswith("OTEL_")]:
        monkeypatch.delenv(name)
    async with collecting() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "20")
        service.more_options = {"--traces": None}
        await service.start()
        codebase = await service.register(auto_approve=True)
        await codebase.trigger("bash: echo a-word-of-the-output", "bash: sleep 600")
        await codebase.until(second_call)
        await collector.has(lambda one: bool(one.named("execute_tool bash") and one.named("chat stub-1")))
        assert not collector.named("invoke_agent build")
        service.send_signal(signal.SIGKILL)
        await service.ended()
        await service.start()
        await codebase.until(frame_of("session", action="interrupted"))
        await collector.has(lambda one: bool(one.named("invoke_agent build")))
        [run] = collector.named("invoke_agent build")
        spans = [span for span in collector.spans if span.trace_id == run.trace_id]
        assert {span.parent_span_id for span in spans} == {b"", run.span_id}
        assert sorted(span.name for span in spans) == [
            *["chat stub-1"] * len(collector.named("chat stub-1")),
            *["execute_tool bash"] * 2,
            "invoke_agent build",
        ]
        assert all(seconds(run) >= seconds(span) >= 0 for span in spans)
        assert attributes(run.attributes)["opencode_ledger.run.end"] == "interrupted"
        assert attributes(run.attributes)["gen_ai.usage.input_tokens"] > 0
        assert "a-word-of-the-output" not in repr(collector.spans)
        assert await service.terminate() == 0
