"""`docs/commands.md`, written from a walk: every command that was typed, the keys that were pressed, and the screen."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from .walk import Screen, canonical

HEAD: Final = """# The command line

This page was not written by hand. `scripts/make_commands.py` typed these commands into a terminal of 80 columns and
kept the screens; a test fails if they change. The service and the agent are the real ones. The model is the scripted
one in `scripts/scripted_model`. Times, ids and amounts are replaced by fixed ones.

Start the service once, in another terminal or as a [systemd unit](operations.md): `opencode-ledger serve`. The
commands work in the codebase of the directory that they are started in. `--codebase` and `-C` name another one.

## The whole job in six commands
"""
TEXTS: Final = (
    """### 1. Start an agent and follow it

`run` registers the directory if it is new. The agent asks before it runs a command, and you answer with a key. A
message reaches it while it works.
""",
    """### 2. What are all agents doing?
""",
    """### 3. Queue a task

It starts as soon as the agent is free. The prompt may also come from a file or from standard input.
""",
    """### 4. Watch, interrupt, resume, stop

`watch` without a name follows all codebases, one line for each event. If the connection is lost, or the service is
restarted, it resumes by itself. Nothing is missing then, and nothing comes twice.
""",
    """### 5. What was done?
""",
    """### 6. Read a session again

`opencode-ledger diff` shows what it changed in the files, and `search` finds words in all sessions.
""",
)
TAIL: Final = """## In scripts

| `run` and `watch CODEBASE SESSION` end with | |
| --- | --- |
| 0 | The agent completed its work |
| 1 | It failed |
| 2 | Invalid arguments, not found, or not possible in the current state: nothing was started |
| 3 | It needs an answer, and `--no-input` says that nobody is there |
| 4 | It was interrupted or stopped |
| 5 | No service answers |
| 130 | Ctrl-C: the command detached, and the agent works on |
| 141 | The reader of the output has gone, as with `\\| head -1`. The agent works on |

- `run -d` prints the session's id and returns. `run --wait` prints only the agent's last answer.
- `--json` prints one JSON document, or a line for each event of a stream: `{"id": …, "event": …, "data": …}`.
- The prompt may come from standard input (`-`) or from a file (`--file`). A text that begins with a dash and has no
  blank in it stands after `--`.
- `diff` prints a patch for `git apply`. A file without a recorded diff is named in a line that begins with `#`.
- A lost connection is reported on standard error, once. The command goes on by itself when there is one again.
- Where the output is no terminal, there are no colours, no keys and no shortened ids. `NO_COLOR` and `--no-color`
  switch colours off in a terminal too.
- What an agent says can't steer the terminal: hidden characters are written out, as in `<U+202E>`.

```bash
session=$(opencode-ledger run -d "Update the dependencies" -c shop)
opencode-ledger watch shop "$session" --json > events.jsonl
```

## Names

A codebase is given by its name, its id, or a part of its id; without one, it is that of the directory, as with git.
Sessions, tasks and requests may be shortened to the last characters of their ids, as the tables print them. A part
that fits several is refused, with the ids. `show`, `diff` and `watch` take a session alone, too. For a name that is
nearly right, the message has the right one.

## An earlier moment

`show`, `sessions`, `tasks`, `ps` and `codebase show` take `--at`: a time as the tables print it (`08:15`, on this
machine's clock), a time with its date and zone (`2026-01-31T12:00:00Z`), or the number of an event of the codebase.
`ps` takes a time only, because each codebase numbers its own events. It can't say what the agents had cost then, and
it leaves out codebases that were removed since. `diff`, `search`, `permissions` and `watch` have no earlier state and
refuse `--at`.

## Who did it

Where the service asks for tokens, `show` and `watch` name who wrote a message, answered a request, interrupted or
stopped. `sessions` and `tasks` have a column for who started them. `ps` names nobody, because the service's overview
has no names.

## With a token that is limited

`watch` without a name shows every event to a token with the scope `audit` for all codebases. To any other token it
shows what each agent does: a line when one starts, says something, asks or ends. Codebases that the token may not see
don't exist for it.

## Several services

| | |
| --- | --- |
| `opencode-ledger login https://agents.example.com --name work` | Asks for the token, checks it, and keeps both in `~/.config/opencode-ledger/config.toml`, which only you can read |
| `opencode-ledger config`, `config use NAME`, `logout` | List the services, choose one, forget one |
| `--context NAME`, `LEDGER_CONTEXT` | Use another one for one command |
| `--server`, `--token-file`, `LEDGER_URL`, `LEDGER_TOKEN` | Use a service that is not stored. A stored token is sent only to the service that it is stored for |

## Completion

`source <(opencode-ledger completion bash)` in `~/.bashrc`, the same with `zsh` in `~/.zshrc`, or
`opencode-ledger completion fish > ~/.config/fish/completions/opencode-ledger.fish`. It completes commands, options, and
the names of codebases.

## If something is wrong

`opencode-ledger doctor` checks the service, its log, opencode, the models, your token and the tools of this machine,
and says what to do. `opencode-ledger codebase edit` changes a codebase's name, model, approval and trust.
`opencode-ledger serve --open` opens the page in your browser when the service is ready. `opencode-ledger setup`
fetches opencode for a service that was installed by pip, pipx or uv.
"""


def document(screens: Sequence[Screen], place: Path) -> str:
    """The page, in Markdown."""
    parts = [f"{text}\n{_shown(screen, place)}" for text, screen in zip(TEXTS, screens, strict=True)]
    return "\n".join([HEAD, *parts, TAIL])


def _shown(screen: Screen, place: Path) -> str:
    keys = "".join(f"- `{key}`: {meaning}\n" for key, meaning in screen.keys)
    body = f"```text\n$ {screen.line}\n{canonical(screen.text, place)}```\n"
    return f"{body}\nKeys that were pressed:\n\n{keys}" if keys else body
