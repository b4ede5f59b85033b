"""`opencode-ledger completion`: completion for shells, also of the names of codebases."""

from typing import Literal

from .late import loaded
from .way_out import write_line


def completion(shell: Literal["bash", "zsh", "fish"], /) -> int:
    """Print the completion of commands, options and the names of codebases.

    Examples: `source <(opencode-ledger completion bash)` in ~/.bashrc. The same with zsh in ~/.zshrc.
    `opencode-ledger completion fish > ~/.config/fish/completions/opencode-ledger.fish`

    Parameters
    ----------
    shell
        The shell.

    """
    write_line(
        loaded(".parsing.command_table:command_line")().generate_completion(prog_name="opencode-ledger", shell=shell)
    )
    return 0
