"""What an agent is given in secret is known, wherever it stands; and its tools are not given opencode's own."""

import json
import subprocess
from pathlib import Path

import pytest

from opencode_ledger.actors.opencode import OpencodeSettings, learn_secrets
from opencode_ledger.actors.opencode.host.known_secrets import known_secrets, secrets_around
from opencode_ledger.actors.opencode.host.shell import withholding_shell
from opencode_ledger.actors.opencode.program.environment import agent_environment
from opencode_ledger.domain.secrets.masker import Secrets


def test_the_environments_secrets_are_known() -> None:
    """Variables whose names say so, keys within them, and passwords in addresses; but no places and no plain words."""
    found = known_secrets(
        {
            "HOME": "/nowhere",
            "OPENAI_API_KEY": "the-openai-key",
            "AICORE_SERVICE_KEY": '{"clientsecret": "the-client-secret", "url": "https://example.org"}',
            "HTTPS_PROXY": "http://me:the%20proxy@proxy.example.org:3128",
            "GOOGLE_APPLICATION_CREDENTIALS": "/etc/google.json",
            "AWS_REGION": "eu-central-1",
        }
    )
    assert {"the-openai-key", "the-client-secret", "the proxy"} <= found
    assert not found & {"/etc/google.json", "eu-central-1", "https://example.org", "/nowhere"}


SECRET = {
    "DEPLOY_TOKEN": ("the deploy token", "the deploy token"),
    "dbpassword": ("the-database-password", "the-database-password"),
    "GITHUB_PAT": ("the-access-token", "the-access-token"),
    "SMTP_PASS": ("the-mail-password", "the-mail-password"),
    "SIGNING_KEY_2": ("the-second-key", "the-second-key"),
    "TOKEN_OF_THE_DEPLOYMENT": ("aZ3xK9pQ7mN2vB5tR8wY", "aZ3xK9pQ7mN2vB5tR8wY"),
    "SECRET_OF_OLD": ("0123456789abcdef01234567", "0123456789abcdef01234567"),
    "GCP_CREDENTIALS": ('{"private_key": "the-private-key", "project_id": "the-project"}', "the-private-key"),
    "DATABASE_URL": ("postgres://me:the%20secret@db.example.org/shop", "the secret"),
    "AUTH": ("Bearer the-bearer", "the-bearer"),
    "LONG_KEY": ("/" + "x" * 5000, "/" + "x" * 5000),
}
NO_SECRET = {
    "POSTGRES_PASSWORD": "postgres",
    "MYSQL_USER": "the-shop-user",
    "MYSQL_PASSWORD": "the-shop-user",
    "CACHE_URL": "redis://default:changeme@cache.example.org",
    "SECRET_PROVIDER": "kubernetes",
    "TOKENIZERS_PARALLELISM": "disabled-for-now",
    "KEY_VAULT_NAME": "the-vault-of-the-house-2024",
    "TOKEN_ENDPOINT": "https://login.example.org/Oauth2/token",
    "KEY_TIMEOUT": "1000000000",
    "LICENSE_KEY": "10000000",
    "SSH_KEY": "/dev/null",
    "SSH_KEY_FILE": "~/.ssh/not-there-at-all",
    "PWD": "/the/working/directory",
    "GITHUB_COMPAT": "the-compatibility",
}


@pytest.mark.parametrize("name", SECRET)
def test_secrets_of_the_services_own_environment(name: str) -> None:
    """What the service's own environment says is a key, a token or a password is known, whatever it is called."""
    value, secret = SECRET[name]
    assert secret in secrets_around({name: value, "HOME": "/nowhere"})


def test_common_values_of_the_services_own_environment() -> None:
    """Common words, short numbers, places, and what another variable says openly are no secrets, whatever their name."""
    assert secrets_around(NO_SECRET) == frozenset()
    found = secrets_around({name: value for name, (value, _) in SECRET.items()} | NO_SECRET)
    assert {secret for _, secret in SECRET.values()} <= found
    assert not found & {*NO_SECRET.values(), "the-project"}


@pytest.mark.parametrize("comment", ["", "// with a comment, as opencode allows\n"])
def test_the_configurations_secrets_are_known(tmp_path: Path, comment: str) -> None:
    """Keys, tokens and headers of the given configuration, also where it names a variable or a file that has them."""
    (tmp_path / "key.txt").write_text("the-key-in-a-file\n")
    config = {
        "model": "anthropic/claude-sonnet-4",
        "provider": {
            "a": {"options": {"apiKey": "the-plain-key", "baseURL": "https://api.example.org"}},
            "b": {"options": {"apiKey": "{env:MY_OWN}"}},
            "c": {"options": {"apiKey": "{file:key.txt}"}},
        },
        "mcp": {"d": {"headers": {"Authorization": "Bearer the-bearer-token"}}},
        "keybinds": {"app_exit": "ctrl+c,ctrl+d,<leader>q"},
    }
    file = tmp_path / "opencode.json"
    file.write_text(comment + json.dumps(config))
    found = known_secrets({"HOME": "/nowhere", "OPENCODE_CONFIG": str(file), "MY_OWN": "the-key-of-a-variable"})
    assert {"the-plain-key", "the-key-of-a-variable", "the-key-in-a-file", "the-bearer-token"} <= found
    assert not found & {"https://api.example.org", "anthropic/claude-sonnet-4", "ctrl+c,ctrl+d,<leader>q"}


@pytest.mark.parametrize("comment", ["", "// with a comment\n"])
def test_common_headers_are_no_secrets(comment: str) -> None:
    """Of the configured headers those are known whose names say so, and the part after an authorization's scheme."""
    secret = {
        "Authorization": "ApiKey the-authorization",
        "Proxy-Authorization": "Bearer the-proxys-authorization",
        "X-Api-Key": "the-api-key",
        "X-Auth-Token": "the-auth-token",
        "Cookie": "session=the-cookie",
    }
    common = {
        "Content-Type": "application/json",
        "Accept": "text/event-stream",
        "HTTP-Referer": "https://github.com/",
        "X-Title": "The Title of Everything",
        "User-Agent": "opencode of the house",
    }
    content = comment + json.dumps({"provider": {"a": {"options": {"headers": secret | common}}}})
    found = known_secrets({"HOME": "/nowhere", "OPENCODE_CONFIG_CONTENT": content})
    assert found == {*secret.values(), "the-authorization", "the-proxys-authorization"}
    text = " ".join(f"{name}: {value}" for name, value in common.items())
    assert Secrets(found).mask(text) == text


def test_a_header_may_say_anywhere_in_its_name_that_it_is_secret() -> None:
    """Also a header with its word in the middle of the name is known, but only where it is a header."""
    content = json.dumps({"headers": {"X-Token-Value": "the-value-of-it"}, "tokenLimit": "unlimited"})
    assert known_secrets({"HOME": "/nowhere", "OPENCODE_CONFIG_CONTENT": content}) == {"the-value-of-it"}


def test_the_last_word_of_a_secret_is_none() -> None:
    """Of a secret of many words all are known together; of one that begins with a scheme also what comes after it."""
    found = known_secrets({"HOME": "/nowhere", "PASSWORD": "all the operators", "MY_TOKEN": "Bearer the-token"})
    assert found == {"all the operators", "Bearer the-token", "the-token"}


def test_the_logins_are_known(tmp_path: Path) -> None:
    """What opencode keeps of logins in its data home is known."""
    data = tmp_path / ".local/share/opencode"
    data.mkdir(parents=True)
    (data / "auth.json").write_text(
        json.dumps(
            {
                "openai": {"type": "api", "key": "the-api-key"},
                "anthropic": {"type": "oauth", "refresh": "the-refresh-token", "access": "the-access-token"},
            }
        )
    )
    (data / "mcp-auth.json").write_text(json.dumps({"x": {"tokens": {"accessToken": "the-mcp-token"}}}))
    found = known_secrets({"HOME": str(tmp_path)})
    assert found == {"the-api-key", "the-refresh-token", "the-access-token", "the-mcp-token"}


async def test_what_changes_is_learned_again() -> None:
    """At each start of an agent it is looked again what the agents are given, and what the service was."""
    given = {"HOME": "/nowhere", "OPENAI_API_KEY": "the-first-key"}
    settings = OpencodeSettings(instance="i", environment=given, secrets=Secrets())
    await learn_secrets(settings)
    given["OPENAI_API_KEY"] = "the-second-key"
    given["DEPLOY_TOKEN"] = "the-deploy-token"
    await learn_secrets(settings)
    masked = settings.secrets.mask("the-first-key the-second-key the-deploy-token")
    assert masked == "the-first-key [secret] [secret]"


@pytest.mark.parametrize("named", ["/bin/bash", "/bin/sh", "/usr/bin/fish", "", "bash"])
def test_the_tools_shell_withholds_what_is_opencodes(tmp_path: Path, named: str) -> None:
    """A command runs in the default shell and its own environment, without opencode's password and configuration."""
    settings = OpencodeSettings(instance="i", environment={"PATH": "/usr/bin:/bin", "SHELL": named})
    environment = agent_environment(settings, marked="i:cb", password="the-password", trusted=False)
    environment |= withholding_shell(tmp_path, environment)
    command = 'echo "$1"; printenv; exit 3'
    ended = subprocess.run(
        [environment["SHELL"], "-c", command, "name", "a b"], env=environment, capture_output=True, check=False
    )
    first, *seen = ended.stdout.decode().splitlines()
    assert (first, ended.returncode) == ("a b", 3)
    assert {"OPENCODE_LEDGER_AGENT=i:cb", f"SHELL=/bin/{Path(environment['SHELL']).name}"} <= set(seen)
    assert not [line for line in seen if line.startswith(("OPENCODE_SERVER_", "OPENCODE_CONFIG_CONTENT"))]


def test_a_changed_shell_is_replaced(tmp_path: Path) -> None:
    """What somebody did to the shell in between doesn't last."""
    made = Path(withholding_shell(tmp_path / "shell", {"SHELL": "/bin/sh"})["SHELL"])
    before = made.read_text()
    made.write_text("#!/bin/sh\nprintenv > /dev/null\n")
    assert withholding_shell(tmp_path / "shell", {"SHELL": "/bin/sh"}) == {"SHELL": str(made)}
    assert (made.read_text(), made.stat().st_mode & 0o777) == (before, 0o700)


def test_where_nothing_can_be_executed_the_shell_stays(tmp_path: Path) -> None:
    """On a place that is no directory no shell is put in between, and agents start all the same."""
    (tmp_path / "file").write_text("")
    assert withholding_shell(tmp_path / "file" / "shell", {"SHELL": "/bin/sh"}) == {}
