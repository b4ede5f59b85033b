"""The environment that opencode and all its tools run in: chosen from an allow-list, never inherited whole.

Every tool's process inherits it, so it also carries the marker by which survivors are found again.
"""

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from ..settings import OpencodeSettings

MARKER = "OPENCODE_LEDGER_AGENT"
"""The variable that marks every process that an agent starts; its value is `<instance>:<codebase>`."""

CALL = "OPENCODE_LEDGER_CALL"
"""The variable that names the call which a process belongs to; the agent's shell sets it to its own process id."""

USER = "opencode"
"""The name that opencode's own server wants beside its password."""

PLAIN = """PATH HOME USER LOGNAME SHELL LANG LANGUAGE LC_ALL LC_CTYPE TZ TERM TMPDIR XDG_DATA_HOME XDG_CONFIG_HOME XDG_CACHE_HOME
    XDG_STATE_HOME XDG_RUNTIME_DIR HTTP_PROXY HTTPS_PROXY NO_PROXY ALL_PROXY http_proxy https_proxy no_proxy all_proxy
    SSL_CERT_FILE SSL_CERT_DIR NODE_EXTRA_CA_CERTS REQUESTS_CA_BUNDLE CURL_CA_BUNDLE GIT_SSL_CAINFO SSH_AUTH_SOCK
    GIT_AUTHOR_NAME GIT_AUTHOR_EMAIL GIT_COMMITTER_NAME GIT_COMMITTER_EMAIL VIRTUAL_ENV JAVA_HOME GOPATH CARGO_HOME
    RUSTUP_HOME NVM_DIR""".split()

PROVIDER_KEYS = """AICORE_DEPLOYMENT_ID AICORE_RESOURCE_GROUP AICORE_SERVICE_KEY ANTHROPIC_API_KEY ANTHROPIC_BASE_URL
    AWS_ACCESS_KEY_ID AWS_BEARER_TOKEN_BEDROCK AWS_PROFILE AWS_REGION AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN
    AZURE_API_KEY AZURE_COGNITIVE_SERVICES_API_KEY AZURE_COGNITIVE_SERVICES_RESOURCE_NAME AZURE_RESOURCE_NAME
    CEREBRAS_API_KEY CLOUDFLARE_ACCOUNT_ID CLOUDFLARE_API_KEY CLOUDFLARE_API_TOKEN COHERE_API_KEY DEEPINFRA_API_KEY
    DEEPSEEK_API_KEY FIREWORKS_API_KEY GEMINI_API_KEY GITHUB_TOKEN GITLAB_TOKEN GOOGLE_API_KEY
    GOOGLE_APPLICATION_CREDENTIALS GOOGLE_CLOUD_LOCATION GOOGLE_CLOUD_PROJECT GOOGLE_GENERATIVE_AI_API_KEY
    GOOGLE_VERTEX_LOCATION GOOGLE_VERTEX_PROJECT GROQ_API_KEY HF_TOKEN MISTRAL_API_KEY MOONSHOT_API_KEY NVIDIA_API_KEY
    OPENAI_API_KEY OPENAI_BASE_URL OPENCODE_API_KEY OPENROUTER_API_KEY PERPLEXITY_API_KEY TOGETHER_API_KEY V0_API_KEY
    VERTEX_LOCATION VERCEL_API_KEY XAI_API_KEY ZAI_API_KEY ZHIPU_API_KEY""".split()

SWITCHES = {
    "OPENCODE_DISABLE_AUTOUPDATE": "1",
    "OPENCODE_DISABLE_SHARE": "1",
    "OPENCODE_DISABLE_EMBEDDED_WEB_UI": "1",
    "OPENCODE_CLIENT": "opencode-ledger",
    "OPENCODE_ENABLE_QUESTION_TOOL": "1",  # a client of an unknown name gets this tool only when it asks for it
    "TERM": "dumb",
}
PRIVATE_SWITCHES = {
    "OPENCODE_DISABLE_MODELS_FETCH": "1",
    "OPENCODE_DISABLE_LSP_DOWNLOAD": "1",
    "OPENCODE_DISABLE_DEFAULT_PLUGINS": "1",
}
"""With a private home opencode contacts only its provider. With the user's own home it works like the user's opencode."""

FORCED_CONFIG: Mapping[str, object] = {"autoupdate": False, "share": "disabled"}


def marker(instance: str, codebase: str) -> str:
    """The marker's value for the processes of a codebase's agent."""
    return f"{instance}:{codebase}"


def agent_environment(settings: OpencodeSettings, *, marked: str, password: str, trusted: bool) -> dict[str, str]:
    """The whole environment of an opencode process."""
    chosen = _inherited(settings) | SWITCHES
    if settings.home is not None:
        chosen |= PRIVATE_SWITCHES
    if settings.own_home is not None:
        chosen |= settings.own_home.variables
    if not trusted:
        chosen["OPENCODE_DISABLE_PROJECT_CONFIG"] = "1"
    if settings.config_file is not None:
        chosen["OPENCODE_CONFIG"] = str(settings.config_file.expanduser().absolute())
    chosen["OPENCODE_CONFIG_CONTENT"] = json.dumps({**(settings.config or {}), **FORCED_CONFIG})
    return {**chosen, "OPENCODE_SERVER_USERNAME": USER, "OPENCODE_SERVER_PASSWORD": password, MARKER: marked}


def shared_data(settings: OpencodeSettings) -> Path:
    """The directory that opencode has in the home which is the agents' unless another version works there."""
    return opencode_data(_inherited(settings))


def opencode_data(environment: Mapping[str, str]) -> Path:
    """The directory in which an opencode with this environment keeps its database, its logins and its outputs."""
    home = Path(environment.get("HOME") or Path.home())
    return Path(environment.get("XDG_DATA_HOME") or home / ".local/share") / "opencode"


def for_commands(settings: OpencodeSettings) -> dict[str, str | None]:
    """What the variables of our own home are for all but opencode: None for those that there are none of."""
    own = settings.own_home.variables if settings.own_home is not None else {}
    inherited = _inherited(settings)
    return {name: inherited.get(name) for name in own}


def search_path(settings: OpencodeSettings) -> str:
    """Where an agent's programs are looked for. Blocking."""
    return _inherited(settings)["PATH"]


def _inherited(settings: OpencodeSettings) -> dict[str, str]:
    """What comes from our own environment, with the private home in it where there is one."""
    own = os.environ if settings.environment is None else settings.environment
    chosen = {name: own[name] for name in (*PLAIN, *PROVIDER_KEYS) if name in own}
    chosen.setdefault("LANG", "C.UTF-8")
    chosen["PATH"] = _path(chosen.get("PATH", os.defpath), settings.tools_dir)
    return chosen if settings.home is None else chosen | private_home(settings.home)


def private_home(home: Path) -> dict[str, str]:
    """The variables that make a directory the home of all that opencode keeps."""
    home = home.expanduser().absolute()
    return {
        "HOME": str(home),
        "XDG_DATA_HOME": str(home / ".local/share"),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "XDG_CACHE_HOME": str(home / ".cache"),
        "XDG_STATE_HOME": str(home / ".local/state"),
    }


def _path(path: str, tools_dir: Path | None) -> str:
    """The search path, with the project's tools at its end where ripgrep is found only there."""
    if shutil.which("rg", path=path) is not None or tools_dir is None:
        return path
    places = [str(tools_dir), str(tools_dir / "bin")]
    found = shutil.which("rg", path=os.pathsep.join(places))
    return os.pathsep.join((path, str(Path(found).parent))) if found else path
