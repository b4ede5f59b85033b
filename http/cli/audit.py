"""`opencode-ledger audit …`: the commands for auditors. They work offline, on a data directory or an export."""

from contextlib import nullcontext
from itertools import chain
from pathlib import Path
from typing import Annotated, BinaryIO

from cyclopts import App, Parameter

from ...domain.errors import InvalidInput
from ...domain.ids import CodebaseId
from ...domain.outputs.record import KeptOutput
from ..offline.export import Choice, export_from, outputs_from
from ..offline.verify import Verdict, counted, key_of, verify_data
from ..offline.verify_export import verify_export
from ..settings import Data, default_data
from .diff import diff
from .progress import progress
from .show import show
from .way_out import complain, say, write_data

app = App(name="audit", help="Check what was recorded. Needs no server, and trusts nobody.")

app.command(show, usage="Usage: opencode-ledger audit show [OPTIONS] [CODEBASE [SESSION]]")
app.command(diff, usage="Usage: opencode-ledger audit diff [OPTIONS] CODEBASE FROM [TO]")

Kept = Annotated[tuple[Path, ...], Parameter(negative="", show_default=False)]


@app.command(usage="Usage: opencode-ledger audit verify [OPTIONS] [FILE]")
def verify(
    file: Path | None = None,
    /,
    *,
    outputs: Path | None = None,
    data: Data = None,
    checkpoint: Kept = (),
    key: str | None = None,
) -> int:
    """Verify that no event of a log was changed, removed, added or moved.

    Reads a data directory or an export, and names the first event that was altered.

    Exit codes: 0 the log is sound. 1 the log was altered. 2 the log can't be read.

    Example: `opencode-ledger audit verify --checkpoint saved-in-january --key public-key`

    Parameters
    ----------
    file
        An export or a data directory. Default: the directory of --data.
    outputs
        The file with the whole tool outputs of an export. Default: FILE.outputs.jsonl, if it exists.
    data
        The data directory. Default: ~/.opencode-ledger.
    checkpoint
        A checkpoint that you saved earlier (GET /v1/opencode/log/checkpoint). With it, verification also detects a log
        that was rewritten or truncated since then. Repeat the option for more checkpoints.
    key
        The log's public key, or a file that holds it (GET /v1/opencode/log/key). If omitted, the key stored with the log
        or in the export is trusted.

    """
    trusted = key_of(key) if key is not None else None
    with progress("verifying") as report:
        if file and not file.is_dir():
            beside = outputs_beside(file)
            verdict = verify_export(
                file, checkpoint, trusted, report, outputs or (beside if beside.is_file() else None)
            )
        elif outputs is not None:
            raise InvalidInput("--outputs is only for an export; a data directory holds its own outputs.")
        else:
            verdict = verify_data(file or data or default_data(), checkpoint, trusted, report)
    print_verdict(verdict, trusted=key is not None)
    return 0 if verdict.sound else 1


def print_verdict(verdict: Verdict, *, trusted: bool) -> None:
    """Print what a verification found. `trusted`: it used a key that the auditor gave."""
    result = verdict.result
    for finding in result.findings:
        say(f"WRONG  {finding.sentence}")
    say(f"{'sound' if verdict.sound else 'NOT SOUND'}: {counted(result.events, 'event')}, {verdict.summary}")
    if verdict.claim:
        say(f"claim  {verdict.claim}")
    say(f"root   {result.root.hex()}")
    say(f"key    {verdict.key}" + ("" if trusted else "  (compare it with the key you know)"))


@app.command
def export(
    codebase: str,
    /,
    *,
    session: str | None = None,
    first: Annotated[int, Parameter(name="--from")] = 1,
    last: Annotated[int | None, Parameter(name="--to")] = None,
    with_outputs: Annotated[bool, Parameter(negative="", show_default=False)] = False,
    data: Data = None,
    out: Path | None = None,
) -> int:
    """Export a codebase's events as JSON Lines, with a proof that they are in the log.

    The file can be verified without the log: `opencode-ledger audit verify FILE`.

    Example: `opencode-ledger audit export cb_abc123 --session sess_abc123 --out for-the-auditor.jsonl`

    Parameters
    ----------
    codebase
        The codebase's id or name. Deleted codebases work too. `opencode-ledger audit show` lists all ids.
    session
        Export only the events of this session.
    first
        The first event to export, by its number in the codebase (see `audit show`).
    last
        The last event to export. Default: the latest event.
    with_outputs
        Also write the whole output of tools to a second file, OUT.outputs.jsonl. Events hold only a part of long outputs.
    data
        The data directory. Default: ~/.opencode-ledger.
    out
        The file to write. Default: standard output.

    """
    choice, place = Choice(CodebaseId(codebase), session, first, last), data or default_data()
    if with_outputs and out is None:
        raise InvalidInput("--with-outputs writes two files; name the first one with --out.")
    named = list[KeptOutput]()
    with progress("reading") as report:
        lines = export_from(place, choice, report, named)
        manifest = next(lines)  # any error is raised here, before a file is created
        if out is None:
            write_data(chain([manifest], lines))
            return 0
        with _new(outputs_beside(out)) if with_outputs else nullcontext() as beside, _new(out) as file:
            file.writelines(chain([manifest], lines))
            if beside is not None:
                beside.writelines(outputs_from(place, named))
    complain(f"Wrote {out}. To check it: opencode-ledger audit verify {out}")
    return 0


def outputs_beside(out: Path) -> Path:
    """The file for the whole outputs of an export, beside the export itself."""
    return out.with_name(f"{out.name}.outputs.jsonl")


def _new(out: Path) -> BinaryIO:
    try:
        return out.open("xb")
    except FileExistsError:
        raise InvalidInput(f"--out: {out} exists and is never overwritten; name another file.") from None
    except OSError as error:
        raise InvalidInput(f"--out: {out} can't be written: {error.strerror}.") from None
