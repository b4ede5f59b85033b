"""What is deployed runs as it is written: the units' commands, and the composition's proxy in front of a service."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from tests.deploy.image import DOCKERFILE, stages
from tests.opencode.live import opencode_binary
from tests.support.proxies import DEPLOY, HOST, program

UNITS: Final = DEPLOY / "systemd"
TOKEN: Final = "a-token-of-the-deployment"
BEARING: Final = {"Authorization": f"Bearer {TOKEN}"}
LEDGER: Final = Path(sys.executable).parent / "opencode-ledger"
NAMESPACES: Final = ("--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc")
STATUS: Final = "http://127.0.0.1:8000/v1/opencode/status"


def in_namespace(**task: Any) -> dict[str, Any]:
    """What `in_namespace` says after it has done this. Skips where there are no namespaces, or no overlays."""
    unshare = shutil.which("unshare")
    if unshare is None or os.geteuid() != 0 or not LEDGER.exists():
        pytest.skip("needs root, unshare and the installed command")
    whole: dict[str, Any] = {
        "places": [],
        "folders": [],
        "files": {},
        "links": {},
        "writable": [],
        "processes": [],
        "requests": [],
    }
    whole |= {"commands": [], "afterwards": [], **task}
    script = Path(__file__).with_name("in_namespace.py")
    given = json.dumps(whole)
    done = subprocess.run(
        [unshare, *NAMESPACES, sys.executable, script], input=given, capture_output=True, text=True, check=False
    )
    if done.stderr.startswith("unshare: "):
        pytest.skip(f"this machine allows no namespaces: {done.stderr}")
    assert done.stdout, done.stderr
    went = dict[str, Any](json.loads(done.stdout.splitlines()[-1]))
    if "not_here" in went:
        pytest.skip(f"this machine allows no such namespaces: {went['not_here']}")
    return went


def unit(name: str) -> dict[str, list[str]]:
    """The values of a unit's keys."""
    found: dict[str, list[str]] = {}
    for key, value in re.findall(r"^(\w+)=(.*)$", (UNITS / name).read_text(encoding="utf-8"), re.MULTILINE):
        found.setdefault(key, []).append(value)
    return found


def environment_of(values: Mapping[str, list[str]]) -> dict[str, str]:
    return dict(value.split("=", 1) for value in values["Environment"])


def test_the_units_commands_run_as_they_are() -> None:
    """The service starts, finds opencode, writes only where the unit allows it, and ends; then the erasure runs too."""
    service, erase = unit("opencode-ledger.service"), unit("opencode-ledger-erase.service")
    environment = environment_of(service)
    states = [f"/var/lib/{name}" for line in service["StateDirectory"] for name in line.split()]
    paths = [path.lstrip("-") for path in service["ReadWritePaths"]]
    agent = opencode_binary() or pytest.skip("no opencode here")
    passwd = Path("/etc/passwd").read_text(encoding="utf-8") + f"ledger:x:0:0::{states[1]}:/bin/sh\n"
    went = in_namespace(
        places=["/opt", "/etc", "/srv", "/var/lib"],
        folders=[*states, *paths],
        files={environment["LEDGER_TOKEN_FILE"]: f"{TOKEN}\n", "/etc/passwd": passwd},
        links={shlex.split(service["ExecStart"][0])[0]: str(LEDGER), environment["LEDGER_OPENCODE_BINARY"]: str(agent)},
        writable=[*states, *paths],
        processes=[{"command": shlex.split(service["ExecStart"][0]), "environment": environment | {"HOME": states[1]}}],
        requests=[{"url": STATUS, "headers": BEARING, "until": '"available":true'}, {"url": STATUS}],
        commands=[["touch", f"{folder}/new"] for folder in (*states, *paths, "/opt", "/etc", "/var/lib", "/usr")],
        afterwards=[{"command": shlex.split(erase["ExecStart"][0]), "environment": {"PATH": os.environ["PATH"]}}],
    )
    assert [answer["status"] for answer in went["answers"]] == [200, 401], went
    assert json.loads(went["answers"][0]["body"])["available"] is True
    assert went["codes"] == [0]
    *writable, erased = went["said"]
    assert [one["code"] for one in writable] == [0] * len((*states, *paths)) + [1] * 4
    assert erased["code"] == 0, erased


def test_the_compositions_proxy_serves_the_service() -> None:
    """With the variables of the composition and the names of its network; only the certificate is of Caddy's own authority."""
    composition = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))["services"]
    named = {"LEDGER_DOMAIN": HOST}

    def filled(value: str) -> str:
        return re.sub(r"\$\{(\w+)[^}]*\}", lambda found: named[found[1]], value)

    *_, image = stages(DOCKERFILE.read_text(encoding="utf-8"))
    own = {name: filled(value) for name, value in composition["ledger"]["environment"].items()}
    environment = {**image.environment, **own, "LEDGER_ALLOW_ROOT": "/srv/code", "HOME": "/data"}
    proxy = {name: filled(value) for name, value in composition["proxy"]["environment"].items()}
    local = "{\n\tadmin off\n\tlocal_certs\n\tskip_install_trust\n}\n"
    text = local + (DEPLOY / "Caddyfile").read_text(encoding="utf-8")
    kept = "/srv/caddy"
    went = in_namespace(
        places=["/srv", "/etc"],
        folders=["/srv/code", kept],
        files={
            "/etc/hosts": f"127.0.0.1 localhost ledger {HOST}\n",
            "/etc/caddy/Caddyfile": text,
            "/srv/token": f"{TOKEN}\n",
        },
        writable=["/srv"],
        processes=[
            {
                "command": [str(LEDGER), "serve"],
                "environment": environment
                | {"LEDGER_TOKEN_FILE": "/srv/token", "LEDGER_DATA": "/srv/data", "LEDGER_OPENCODE_HOME": "/srv/agents"}
                | {"HOME": "/srv"},
            },
            {
                "command": [program("caddy"), "run", "--config", "/etc/caddy/Caddyfile", "--adapter", "caddyfile"],
                "environment": {**proxy, "HOME": kept, "XDG_DATA_HOME": kept, "XDG_CONFIG_HOME": kept},
            },
        ],
        requests=[
            {"url": "http://ledger:8000/healthz"},
            {"url": f"https://{HOST}/v1/opencode/status", "headers": BEARING}
            | {"authority": f"{kept}/caddy/pki/authorities/local/root.crt"},
            {"url": f"http://{HOST}/v1/opencode/status"},
        ],
    )
    assert [answer["status"] for answer in went["answers"]] == [200, 200, 308], went
    assert went["answers"][2]["headers"]["Location"] == f"https://{HOST}/v1/opencode/status"
    assert went["codes"] == [0, 0]
