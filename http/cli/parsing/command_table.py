"""All commands of `opencode-ledger`, by name. They are imported when they are called: see `late`."""

from typing import Any, Final, NamedTuple, cast

from cyclopts import App, ArgumentCollection, CycloptsError, Group, Parameter
from cyclopts.config import Env

from ..failures import CommandFailed
from ..late import PACKAGE, Late, loaded

OPTIONS_ONLY: Final = frozenset({"--new-proofs", "--open"})
"""Options of `serve` for one start. A variable in a unit would give them to every start."""


class Environment(Env):
    """Reads the options of `serve` from the environment, but of other commands only `--data`.

    So an inherited variable can never choose what is erased.
    """

    def __call__(self, app: App, commands: tuple[str, ...], arguments: ArgumentCollection) -> None:
        """Add the values from the environment."""
        serves = commands == ("serve",)
        mine = (one for one in arguments if one.name == "--data" or (serves and one.name not in OPTIONS_ONLY))
        super().__call__(app, commands, ArgumentCollection(mine))  # type: ignore[no-untyped-call]  # it is a list


class Command(NamedTuple):
    """A command: its name, where it is, and its line in the overview. `more`: further arguments of its `App`."""

    name: str
    place: str
    help: str
    more: dict[str, Any] = {}  # noqa: RUF012  # never changed


WORK: Final = (
    Command("run", ".commands.run:run", "Start an agent and follow it (-d: don't follow)."),
    Command("watch", ".commands.watch:watch", "Follow an agent; without a name, all of them."),
    Command("send", ".commands.steer:send", "Send a message: it steers an agent, or resumes an interrupted one."),
    Command("interrupt", ".commands.steer:interrupt", "Interrupt an agent, and keep its session."),
    Command("stop", ".commands.steer:stop", "Stop an agent, and end its session."),
    Command("permissions", ".commands.permissions:app", "What agents wait for: list, approve, reject and answer."),
    Command("tasks", ".commands.tasks:app", "The queue: list, add, cancel, move, edit and retry tasks."),
)
LOOK: Final = (
    Command("ps", ".commands.ps:ps", "Codebases and what their agents are doing."),
    Command("sessions", ".commands.sessions:sessions", "The sessions of a codebase."),
    Command("show", ".commands.show:show", "What was said and done in a session."),
    Command("diff", ".commands.changes:diff", "What a session changed in the files."),
    Command("search", ".commands.search:search", "Search prompts, answers, commands and paths."),
)
CONNECT: Final = (
    Command("login", ".commands.contexts:login", "Keep a service's address and token, and use it from now on."),
    Command("logout", ".commands.contexts:logout", "Forget a service and its token."),
    Command("config", ".commands.contexts:config", "List the services of `login`, and choose the current one."),
    Command("completion", ".completion:completion", "Print the completion of commands, options and names for a shell."),
)
PROVE: Final = (Command("audit", ".audit:app", "Check what was recorded. Needs no server, and trusts nobody."),)
OPERATE: Final = (
    Command(
        "serve",
        ".serve:serve",
        "Run the server in the foreground until SIGTERM or SIGINT.",
        {"default_parameter": Parameter(show_env_var=True)},
    ),
    Command("setup", ".setup:setup", "Fetch opencode, at the version that this service is tested with."),
    Command("doctor", ".commands.doctor:doctor", "Check the service, opencode, the models and this machine."),
    Command("codebase", ".commands.codebase:app", "Register, show, change, sync and remove codebases."),
    Command("backup", ".copies:backup", "Copy the log, its tree, outputs and key, and verify the copy."),
    Command("restore", ".copies:restore", "Verify a backup, and copy it into a data directory that has no log."),
    Command("erase", ".erase:erase", "Erase the content of sessions from the log permanently."),
)
GROUPS: Final = {"Work": WORK, "Look": LOOK, "Prove": PROVE, "Run the service": OPERATE, "Connect": CONNECT}


def command_line(*, overview: bool = False) -> App:
    """The command line. `overview`: with the line of each command instead of its whole help, so that none is imported."""
    made = App(
        name="opencode-ledger",
        help="""Run opencode agents on many codebases, watch them live, and prove later what happened.

    Exit codes: 0 success. 1 an agent or a verification failed, or the server could not run. 2 invalid arguments, not
    found, or not possible in the current state. 3 an agent needs an answer. 4 an agent was interrupted or stopped. 5 no
    service answers. 130 Ctrl-C.""",
        config=Environment("LEDGER_", command=False),
        default_parameter=Parameter(show_env_var=False),
        console=cast("Any", Late(".screen:Terminal")),
        error_console=cast("Any", Late(".screen:Terminal", stderr=True)),
    )
    for place, (name, commands) in enumerate(GROUPS.items()):
        group = Group(name, sort_key=place)
        for one in commands:
            line = {"help": one.help} if overview else {}
            made.command(f"{PACKAGE}{one.place}", name=one.name, group=group, **line, **one.more)
    return made


def run(words: list[str]) -> None:
    """Parse the words, run the command that they name, and exit with its code. Raises `CommandFailed`."""
    overview = not words or words[0].startswith("-")
    try:
        command_line(overview=overview)(words, exit_on_error=False, print_error=False)
    except CycloptsError as error:
        raise CommandFailed(loaded(".parsing.usage_errors:sentence_of")(error, words)) from None
