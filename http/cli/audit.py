"""`opencode-ledger audit …`: the commands for auditors. They work offline, on a data directory or an export."""

from contextlib import closing, nullcontext
from itertools import chain
from pathlib import Path
from typing import Annotated, BinaryIO

from cyclopts import App, Parameter

from ...domain.errors import InvalidInput
from ...domain.ids import CodebaseId
from ...domain.outputs.record import KeptOutput
from ..offline.export import Choice, export_from, outputs_from, proof_from
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


@app.command(usage="Usage: opencode-ledger audit export [OPTIONS] [CODEBASE]")
def export(
    codebase: str | None = None,
    /,
    *,
    session: str | None = None,
    first: Annotated[int | None, Parameter(name="--from")] = None,
    last: Annotated[int | None, Parameter(name="--to")] = None,
    with_outputs: Annotated[bool, Parameter(negative="", show_default=False)] = False,
    data: Data = None,
    out: Path | None = None,
) -> int:
    """Export a codebase's events, or the whole log, as JSON Lines with a proof that they are in the log.

    The file can be verified without the log: `opencode-ledger audit verify FILE`.

    Example: `opencode-ledger audit export cb_abc123 --session sess_abc123 --out for-the-auditor.jsonl`

    Parameters
    ----------
    codebase
        The codebase's id or name. Deleted codebases work too. `opencode-ledger audit show` lists all ids. Default: the
        whole log, which shows that no codebase was left out.
    session
        Export only the events of this session.
    first
        The first event to export, by its number in the codebase (see `audit show`). Default: 1.
    last
        The last event to export. Default: the latest event.
    with_outputs
        Also write the whole output of tools to a second file, OUT.outputs.jsonl. Events hold only a part of long outputs.
    data
        The data directory. Default: ~/.opencode-ledger.
    out
        The file to write. Default: standard output.

    """
    choice, place = _choice(codebase, session, first, last), data or default_data()
    if with_outputs and out is None:
        raise InvalidInput("--with-outputs writes two files; name the first one with --out.")
    named = list[KeptOutput]()
    with progress("reading") as report, closing(export_from(place, choice, report, named)) as lines:
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


def _choice(codebase: str | None, session: str | None, first: int | None, last: int | None) -> Choice | None:
    """What to export; None for the whole log. Raises `InvalidInput`."""
    if codebase is None:
        if (session, first, last) != (None, None, None):
            raise InvalidInput("--session, --from and --to choose events of a codebase: name the codebase too.")
        return None
    return Choice(CodebaseId(codebase), session, 1 if first is None else first, last)


@app.command
def proof(*, position: int, data: Data = None, out: Path | None = None) -> int:
    """Prove that one event is in the log, in the format tlog-proof of C2SP. Verifiers of others read it.

    Example: `opencode-ledger audit proof --position 36 --out 36.tlog-proof`

    Parameters
    ----------
    position
        The event's number in the log, as in an export or at `GET …/codebases/ID/log`.
    data
        The data directory. Default: ~/.opencode-ledger.
    out
        The file to write. Default: standard output.

    """
    with progress("reading") as report:
        text = proof_from(data or default_data(), position, report).encode()
    if out is None:
        write_data([text])
        return 0
    with _new(out) as file:
        file.write(text)
    complain(f"Wrote {out}. docs/audit-format.md says how to check it.")
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
