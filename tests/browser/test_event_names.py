"""Names of events come from a log, which others may have written: none of them is code of the page."""

import json
import shutil
from pathlib import Path

import pytest
from tests.clients.programs import output_of

from opencode_ledger.http.pages import dashboard

NAMES = (
    "clear",
    "constructor",
    "__proto__",
    "toString",
    "hasOwnProperty",
    "take",
    "show",
    "put",
    "event",
    "add",
    "line",
)

SCRIPT = """
globalThis.requestAnimationFrame = (frame) => setTimeout(frame);
globalThis.cancelAnimationFrame = clearTimeout;
class Node {
  children = [];
  get childElementCount() { return this.children.length; }
  appendChild(child) { this.children.push(child); return child; }
  append(child) { this.children.push(...(child.fragment ? child.children.splice(0) : [child])); }
  replaceChildren() { this.children = []; }
  texts() { return [this.textContent ?? "", ...this.children.flatMap((child) => child.texts())].filter(Boolean); }
}
globalThis.document = {
  createElement: () => new Node(),
  createDocumentFragment: () => Object.assign(new Node(), { fragment: true }),
};
const { Story } = await import("./story.js");
const place = new Node();
const story = new Story(place, () => {});
const events = process.argv.slice(2);
const complete = { event: "complete", data: { status: "completed", summary: "before" } };
for (const frame of [complete, ...events.map((event) => ({ event, data: complete.data }))]) story.take(frame);
story.show();
const own = Object.keys(story).length;
story.take(complete);
story.show();
console.log(JSON.stringify({ texts: place.texts(), more: Object.keys(story).length - own }));
"""


async def test_a_name_of_an_event_calls_nothing(tmp_path: Path) -> None:
    """Events that are named like what every object has, or like the story's own methods, change nothing on the page."""
    if not shutil.which("node"):
        pytest.skip("node isn't installed")
    static = Path(dashboard.__file__).with_name("static") / "parts"
    parts = {name: (static / name).read_text() for name in ("story.js", "cards.js", "elements.js", "visible.js")}
    parts |= {"hidden.js": dashboard.hidden_characters(), "ask.js": SCRIPT, "package.json": '{"type": "module"}'}
    for name, text in parts.items():
        (tmp_path / name).write_text(text)
    printed = json.loads(await output_of("node", str(tmp_path / "ask.js"), *NAMES))
    assert printed == {"texts": ["completed: before"] * 2, "more": 0}
