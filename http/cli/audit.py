"""The command line for auditors: `opencode-ledger audit …`, offline, on a data directory or an export."""

from contextlib import nullcontext
from itertools import chain
from pathlib import Path
from typing import Annotated, BinaryIO

from cyclopts import App, Parameter

from ...domain.errors import InvalidInput
from ...domain.ids import CodebaseId
from ...domain.outputs.record import KeptOutput
from ..offline.export import Choice, export_from, outputs_from
from ..offline.verify import Verdict, key_of, verify_data
from ..offline.verify_export import verify_export
from ..settings import Data, usual_data
from .diff import diff
from .progress import progress
from .screen import counted
from .show import show
from .way_out import complain, say, write_data

app = App(name="audit", help="Check what was recorded, without a server and without trusting anybody.")

app.command(show)
app.command(diff)

Kept = Annotated[tuple[Path, ...], Parameter(negative="", show_default=False)]


@app.command
def verify(
    file: Path | None = None,
    *,
    outputs: Path | None = None,
    data: Data = None,
    checkpoint: Kept = (),
    key: str | None = None,
) -> int:
    """Verify that a log is, event by event, what was recorded; exit code 1 where it isn't.

    Reads a data directory, or an export; what can't be read at all is exit code 2. The first event that was changed,
    removed, added or moved is named.

    Example: `opencode-ledger audit verify --checkpoint kept-in-january --key public-key`

    Parameters
    ----------
    file
        An export to verify, alone, or a data directory; without it, the one of --data.
    outputs
        The whole outputs that go along with an export; without it, the file beside it that --with-outputs makes, if there
        is one.
    data
        The data directory; without it, ~/.opencode-ledger.
    checkpoint
        A file with a checkpoint that you kept from earlier (GET /v1/opencode/log/checkpoint). With it a log that was
        rewritten as a whole is found too, and one whose end was cut off. Repeatable.
    key
        The public key of the log, or a file with it (GET /v1/opencode/log/key). Without it the key that lies beside
        the log, or in the export, is taken for the right one.

    """
    trusted = key_of(key) if key is not None else None
    with progress("verifying") as told:
        if file and not file.is_dir():
            beside = outputs_beside(file)
            verdict = verify_export(file, checkpoint, trusted, told, outputs or (beside if beside.is_file() else None))
        elif outputs is not None:
            raise InvalidInput("--outputs: It goes with an export; a data directory has its own.")
        else:
            verdict = verify_data(file or data or usual_data(), checkpoint, trusted, told)
    tell(verdict, trusted=key is not None)
    return 0 if verdict.sound else 1


def tell(verdict: Verdict, *, trusted: bool) -> None:
    """Say what a verification found; `trusted`: with a key that the auditor brought."""
    result = verdict.result
    for finding in result.findings:
        say(f"WRONG  {finding.sentence}")
    say(f"{'sound' if verdict.sound else 'NOT SOUND'}: {counted(result.events, 'event')}, {verdict.told}")
    if verdict.claim:
        say(f"claim  {verdict.claim}")
    say(f"root   {result.root.hex()}")
    say(f"key    {verdict.key}" + ("" if trusted else "  (compare it with the one you know)"))


@app.command
def export(
    codebase: str,
    *,
    session: str | None = None,
    first: Annotated[int, Parameter(name="--from")] = 1,
    last: Annotated[int | None, Parameter(name="--to")] = None,
    with_outputs: Annotated[bool, Parameter(negative="")] = False,
    data: Data = None,
    out: Path | None = None,
) -> int:
    """Write a codebase's events as JSON Lines, with the proof that they are in the log: the file is verifiable alone.

    Example: `opencode-ledger audit export cb_abc123 --session sess_abc123 --out for-the-auditor.jsonl`

    Parameters
    ----------
    codebase
        The codebase's id, also of one that was deleted; `opencode-ledger audit show` lists them.
    session
        Only the events of this session.
    first
        Only events from this number in the codebase on, as `audit show` has them.
    last
        Only events up to this number.
    with_outputs
        Also write all that tools printed, where an event has only a part of it, to a second file: OUT.outputs.jsonl.
    data
        The data directory; without it, ~/.opencode-ledger.
    out
        The file to write; without it, standard output.

    """
    choice, place = Choice(CodebaseId(codebase), session, first, last), data or usual_data()
    if with_outputs and out is None:
        raise InvalidInput("--with-outputs: There are two files then; name the first with --out.")
    named = list[KeptOutput]()
    with progress("reading") as told:
        lines = export_from(place, choice, told, named)
        manifest = next(lines)  # what can go wrong goes wrong before a file is made
        if out is None:
            write_data(chain([manifest], lines))
            return 0
        with _new(outputs_beside(out)) if with_outputs else nullcontext() as beside, _new(out) as file:
            file.writelines(chain([manifest], lines))
            if beside is not None:
                beside.writelines(outputs_from(place, named))
    complain(f"{out}: check it with `opencode-ledger audit verify {out}`")
    return 0


def outputs_beside(out: Path) -> Path:
    """Where the whole outputs are that go along with an export."""
    return out.with_name(f"{out.name}.outputs.jsonl")


def _new(out: Path) -> BinaryIO:
    try:
        return out.open("xb")
    except FileExistsError:
        raise InvalidInput(f"--out: {out} exists already, never overwritten; name another file.") from None
    except OSError as error:
        raise InvalidInput(f"--out: {out} can't be written: {error.strerror}.") from None
