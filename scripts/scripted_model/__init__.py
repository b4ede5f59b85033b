"""A model server with scripted answers: OpenAI-compatible, on loopback, without a network.

The demo, the tests and the benchmarks run the real agent against it. What it answers comes either from rules
given in Python (`when("add a file", [Call("write", …), Say("Done.")])`) or from directives in the prompt itself
(see `directives`). Which step comes next is read from the conversation that the agent sends, not from a counter,
so any number of sessions run side by side and a retried request gets a retried answer.
"""

from .config import Permissions, opencode_config, without_catalogue
from .conversation import SeenRequest
from .directives import parse_directives
from .script import Call, Cut, Fail, Hang, Item, Rule, Say, Script, Step, Stop, Think, Wait, when
from .server import ScriptedModel

__all__ = [
    "Call",
    "Cut",
    "Fail",
    "Hang",
    "Item",
    "Permissions",
    "Rule",
    "Say",
    "Script",
    "ScriptedModel",
    "SeenRequest",
    "Step",
    "Stop",
    "Think",
    "Wait",
    "opencode_config",
    "parse_directives",
    "when",
    "without_catalogue",
]
