"""What stands behind `anthropic/claude-sonnet-4-20250514` here, and what it does in the two runs."""

import asyncio
from collections.abc import Mapping
from typing import Final

from scripts.scripted_model import Call, Rule, Say, Wait, opencode_config, when

PROJECT: Final = {
    "database.py": '''"""The database module."""

import sqlite3


def version():
    return sqlite3.connect(":memory:").execute("select 'one'").fetchone()[0]
''',
    ".gitignore": "__pycache__/\n",
}
REFACTORED: Final = '''"""The database module."""

import asyncio
import sqlite3


async def version():
    return await asyncio.to_thread(_version)


def _version():
    return sqlite3.connect(":memory:").execute("select 'one'").fetchone()[0]
'''
TEST: Final = """import asyncio
import unittest

import database


class Version(unittest.TestCase):
    def test_is_one(self):
        self.assertEqual(asyncio.run(database.version()), "one")
"""
CHECK: Final = "python3 -B -m unittest 2>&1 | tail -n 1"
SLEEP: Final = "sleep 86399"
PACE: Final = 0.03

PROMPT: Final = "Refactor the database module to use async/await"
FOLLOW_UP: Final = "Also add type hints"
RESUMED: Final = "Go on, but keep the names"

SAID_FIRST: Final = (
    "I'll read the database module first.",
    "It blocks: SQLite is called right in the function. I'll move the call to a thread, behind an async function.",
    "Now a test, and a run of it.",
    "The database module is async now, and its test passes.",
)
SAID_SECOND: Final = "It is async already. I'll look at what is left to do."
SAID_STEERED: Final = "Type hints, then. While I'm at it I'll rename every function, beginning with"
SAID_RESUMED: Final = "The names stay. I'll wait for the long test."


def first_run() -> Rule:
    """Reads, writes, runs a command, is done."""
    read, wrote, tested, done = (Say(text, PACE) for text in SAID_FIRST)
    write = Call("write", filePath="database.py", content=REFACTORED)
    test = Call("write", filePath="test_database.py", content=TEST)
    bash = Call("bash", command=CHECK, description="Run the test")
    return when(PROMPT, [read, Call("read", filePath="database.py"), wrote, write, tested, test, bash, done])


def second_run(steered: asyncio.Event) -> list[Rule]:
    """Goes on until it is steered, steered until it is interrupted, and resumed until it is stopped."""
    bash = Call("bash", command="grep -c async database.py", description="Count")
    typed = Call("edit", filePath="database.py", oldString="def version():", newString="def version() -> str:")
    return [
        when(RESUMED, [Say(SAID_RESUMED, PACE), Call("bash", command=SLEEP, description="Wait")]),
        when(FOLLOW_UP, [typed, Say(SAID_STEERED, PACE), Wait(gate=asyncio.Event())]),
        when(PROMPT, [Say(SAID_SECOND, PACE), Wait(gate=steered), bash]),
    ]


def anthropic_config(base_url: str) -> Mapping[str, object]:
    """opencode's configuration: the provider that the document names, at the scripted model's address."""
    stub = opencode_config(base_url)
    sonnet = {
        "name": "Claude Sonnet 4",
        "limit": {"context": 200_000, "output": 32_000},
        "cost": {"input": 3, "output": 15},
        "tool_call": True,
        "reasoning": False,
    }
    provider = {
        "npm": "@ai-sdk/openai-compatible",
        "name": "Anthropic",
        "options": {"baseURL": base_url, "apiKey": "sk-scripted"},
        "whitelist": ["claude-sonnet-4-20250514"],
        "models": {"claude-sonnet-4-20250514": sonnet},
    }
    name = "anthropic/claude-sonnet-4-20250514"
    chosen = {"model": name, "small_model": name, "enabled_providers": ["anthropic"]}
    return {**stub, **chosen, "provider": {"anthropic": provider}}
