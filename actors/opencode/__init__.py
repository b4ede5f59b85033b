"""The adapter to opencode: one `opencode serve` of version 1.18 for each codebase, behind the port `Agent`."""

from .agent import OpencodeAgent
from .catalog import Model
from .factory import OpencodeAgents
from .homes.own_home import OwnHome
from .host.known_secrets import learn_secrets
from .host.orphans import adopts_orphans, reap_orphans
from .host.scratch import clear_scratch
from .host.tool_outputs import ToolOutputFiles
from .processes.survivors import sweep_all
from .program.binary import NPM_VERSION
from .program.environment import MARKER
from .settings import OpencodeSettings
from .untrusted.configuration import project_config

__all__ = [
    "MARKER",
    "NPM_VERSION",
    "Model",
    "OpencodeAgent",
    "OpencodeAgents",
    "OpencodeSettings",
    "OwnHome",
    "ToolOutputFiles",
    "adopts_orphans",
    "clear_scratch",
    "learn_secrets",
    "project_config",
    "reap_orphans",
    "sweep_all",
]
