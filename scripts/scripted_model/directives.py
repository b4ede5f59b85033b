r"""Directives: a prompt that says in itself what the model shall do.

Each line of the prompt that begins with one of these words is one item of the script; other lines are prose.

    say: text                          say 0.05: text, a word every 0.05 s
    think: text                        think 0.05: text
    bash: command
    write: path = content              edit: path | old -> new            read: path
    grep: pattern                      task: description | prompt of the subagent
    question: question? a / b          call: tool {"argument": 1}
    wait: seconds                      hang:                              cut:
    fail: 429                          fail: 500 x 3                      fail: 400 with this message

`\n` stands for a new line within a directive.
"""

import json
import re
from typing import cast

from .script import Call, Cut, Fail, Hang, Item, Say, Script, Think, Wait

_LINE = re.compile(
    r"^\s*(?P<word>say|think|bash|write|edit|read|grep|task|question|call|wait|fail|hang|cut)"
    r"(?: (?P<pace>\d+(?:\.\d+)?))?:(?P<rest>.*)$"
)
_FAIL = re.compile(r"^(?P<status>\d{3})(?: x (?P<times>\d+))?(?:\s+(?P<message>\S.*))?$")


def parse_directives(prompt: str) -> Script | None:
    """The script within a prompt; None for a prompt of prose alone. Raises `ValueError` for a malformed directive."""
    items: list[Item] = []
    for line in prompt.splitlines():
        if found := _LINE.match(line):
            rest = found["rest"].strip().replace("\\n", "\n")
            items.append(_item(found["word"], float(found["pace"] or 0), rest))
    return Script(items) if items else None


def _item(word: str, pace: float, rest: str) -> Item:
    match word:
        case "say":
            return Say(rest, pace)
        case "think":
            return Think(rest, pace)
        case "wait":
            return Wait(float(rest))
        case "hang":
            return Hang()
        case "cut":
            return Cut()
        case "fail":
            return _fail(rest)
        case _:
            return _call(word, rest)


def _fail(rest: str) -> Fail:
    found = _FAIL.match(rest)
    if found is None:
        raise ValueError(f"not a failure: {rest!r}")
    return Fail(int(found["status"]), found["message"] or "", int(found["times"] or 1))


def _call(word: str, rest: str) -> Call:
    match word:
        case "bash":
            return Call("bash", command=rest, description=rest[:40])
        case "read":
            return Call("read", filePath=rest)
        case "grep":
            return Call("grep", pattern=rest)
        case "write":
            path, content = _split(rest, " = ")
            return Call("write", filePath=path, content=content)
        case "edit":
            path, change = _split(rest, " | ")
            old, new = _split(change, " -> ")
            return Call("edit", filePath=path, oldString=old, newString=new)
        case "task":
            description, prompt = _split(rest, " | ")
            return Call("task", description=description, prompt=prompt, subagent_type="general")
        case "question":
            return _question(rest)
        case _:
            tool, arguments = _split(rest, " ")
            return Call(tool, **cast("dict[str, object]", json.loads(arguments)))


def _question(rest: str) -> Call:
    text, labels = _split(rest, "? ")
    options = [{"label": label.strip(), "description": label.strip()} for label in labels.split("/")]
    return Call("question", questions=[{"question": f"{text}?", "header": text[:12], "options": options}])


def _split(text: str, mark: str) -> tuple[str, str]:
    before, found, after = text.partition(mark)
    if not found:
        raise ValueError(f"{mark.strip() or 'a space'!r} is missing in {text!r}")
    return before, after
