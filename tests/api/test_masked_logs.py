"""The service's own log contains no secret, whichever code logs it and however."""

import subprocess
import sys

SECRET = "the-secret-of-the-house"
SHAPED = "sk-ant-api03-aB3dE5gH7jK9mN1pQ2rS4tU6vW8xY0zA"
PROGRAM = f"""
import logging, structlog
from pathlib import Path
from opencode_ledger.domain.secrets.masker import Secrets
from opencode_ledger.http.logs import log_to_stderr
secret, shaped = "{SECRET}", "{SHAPED}"
log_to_stderr(Secrets([secret]))
log = structlog.get_logger()
log.warning("said " + secret, reason=shaped, place=Path("/tmp") / secret, many=[{{secret: shaped}}])
logging.getLogger("library").error("%s and %s", secret, shaped)
try:
    raise ValueError(f"first line\\n{{shaped}} {{secret}}")
except ValueError:
    log.exception("failed")
    logging.getLogger("library").exception("failed too")
"""


def test_no_line_of_the_log_has_a_secret() -> None:
    """Events, their members, exceptions and log lines of libraries all appear, with their secrets masked."""
    run = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    lines = run.stderr.splitlines()
    assert len(lines) == 4
    assert all("[secret]" in line for line in lines)
    assert SECRET not in run.stderr
    assert SHAPED not in run.stderr
    assert "ValueError" in lines[2] and "Traceback" in lines[3]
