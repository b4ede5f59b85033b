"""The adapter to opencode: one `opencode serve` of version 1.18 for each codebase, behind the port `Agent`."""

from .agent import OpencodeAgent
from .binary import NPM_VERSION, find_binary
from .catalog import Model
from .environment import MARKER
from .factory import OpencodeAgents
from .known_secrets import learn_secrets
from .scratch import clear_scratch
from .settings import OpencodeSettings
from .survivors import sweep_all
from .trust import project_config

__all__ = [
    "MARKER",
    "NPM_VERSION",
    "Model",
    "OpencodeAgent",
    "OpencodeAgents",
    "OpencodeSettings",
    "clear_scratch",
    "find_binary",
    "learn_secrets",
    "project_config",
    "sweep_all",
]
