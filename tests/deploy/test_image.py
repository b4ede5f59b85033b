"""The Dockerfile: linted, and its steps run in a bare root, where `docker build` isn't to be had."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.deploy.image import CHROOT, DOCKERFILE, ROOT, BareRoot, stages
from tests.support.proxies import free_port

DEPLOY = ROOT / "deploy"


def compose() -> dict[str, Any]:
    return dict(yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8")))


def test_the_linter_finds_nothing() -> None:
    """hadolint has no advice that isn't ignored with a reason."""
    program = shutil.which("hadolint", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    if program is None:
        pytest.skip("hadolint isn't installed")
    done = subprocess.run([program, DOCKERFILE], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_image_is_as_it_should_be() -> None:
    """Several stages, no root, an init, a health check, the data on volumes, and nothing of the build in it."""
    *_, final = stages(DOCKERFILE.read_text(encoding="utf-8"))
    assert len(stages(DOCKERFILE.read_text(encoding="utf-8"))) > 1
    assert final.said["USER"].isdigit()
    assert final.said["USER"] != "0"
    assert final.words("ENTRYPOINT")[0] == "tini"
    assert "/healthz" in final.said["HEALTHCHECK"]
    assert set(final.words("VOLUME")) == {final.environment["LEDGER_DATA"], final.environment["LEDGER_OPENCODE_HOME"]}
    assert [value.split()[0] for kind, value in final.steps if kind == "COPY"] == ["--from=build"]
    assert "RUN" not in DOCKERFILE.read_text(encoding="utf-8").partition("\nENV ")[2]


def test_the_context_has_what_is_copied_and_no_more() -> None:
    """`.dockerignore` admits each file that a step copies, and nothing else, so no secret gets into a layer."""
    admitted = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = {
        name
        for stage in stages(DOCKERFILE.read_text(encoding="utf-8"))
        for kind, value in stage.steps
        if kind == "COPY" and not value.startswith("--from")
        for name in value.split()[:-1]
    }
    assert copied == admitted
    assert all((ROOT / name).exists() for name in admitted)


def test_every_folder_of_the_package_is_copied() -> None:
    """What the wheel is made of is in the image."""
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    found = re.search(r"targets\.wheel\]\nonly-include = (\[.*\])", project)
    assert found
    text = DOCKERFILE.read_text(encoding="utf-8")
    assert [name for name in json.loads(found[1]) if f"COPY {name} /src/{name}" not in text] == []


def test_the_composition() -> None:
    """The service is behind the proxy alone, with a token from a file, and has time to end."""
    services = compose()["services"]
    ledger, proxy = services["ledger"], services["proxy"]
    assert "ports" not in ledger
    assert (ledger["build"]["dockerfile"], (DEPLOY / ledger["build"]["context"]).resolve()) == (
        "deploy/Dockerfile",
        ROOT,
    )
    assert ledger["secrets"] == ["ledger_token"]
    assert int(ledger["stop_grace_period"].removesuffix("s")) > 10
    assert "443:443" in proxy["ports"]
    assert set(proxy["environment"]) == set(re.findall(r"\{\$(\w+):", (DEPLOY / "Caddyfile").read_text()))
    named = {volume.split(":")[0] for service in services.values() for volume in service["volumes"]}
    assert {name for name in named if name.isalpha()} == set(compose()["volumes"])


@pytest.mark.long
@pytest.mark.timeout(1500)
@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("debootstrap"), reason="needs root and debootstrap")
def test_the_steps_work_in_a_bare_root(tmp_path: Path) -> None:
    """Each step succeeds; then the service starts as the image's user, finds opencode, and passes its health check."""
    made: dict[str, BareRoot] = {}
    for stage in stages(DOCKERFILE.read_text(encoding="utf-8")):
        root = made[stage.name] = BareRoot(tmp_path / (stage.name or "final"), stage)
        root.make(tmp_path / "debian")
        with root.mounted():
            root.build(made)
    final = made[""]
    user = final.stage.said["USER"]
    token = final.folder / "run/secrets/ledger_token"
    token.parent.mkdir(parents=True)
    token.write_text("a-token-of-the-image\n")
    token.chmod(0o400)
    os.chown(token, int(user), int(user))
    port = free_port()
    environment = {**final.stage.environment, "LEDGER_PORT": str(port), "HOME": "/home/ledger"}
    command = [*final.stage.words("ENTRYPOINT"), *final.stage.words("CMD")]
    with final.mounted():
        process = subprocess.Popen([CHROOT, f"--userspec={user}:{user}", final.folder, *command], env=environment)
        try:
            check = [
                word.replace(":8000", f":{port}")
                for word in json.loads(final.stage.said["HEALTHCHECK"].split("CMD", 1)[1])
            ]
            deadline = time.monotonic() + 60
            while final.run(check, user=user, environment=environment).returncode and time.monotonic() < deadline:
                time.sleep(0.2)
            bearing = ["--header", "Authorization: Bearer a-token-of-the-image"]
            asked = ["curl", "--silent", *bearing, f"http://127.0.0.1:{port}/v1/opencode/status"]
            assert json.loads(final.run(asked, user=user, environment=environment).stdout)["available"] is True
        finally:
            process.terminate()
            assert process.wait(20) == 0
