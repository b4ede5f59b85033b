"""`--public-url`: one more host and origin, a path prefix, and everything else refused as before."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import ValidationError
from tests.support.proxies import published
from tests.support.service import Running, running

from opencode_ledger.http.public_url import read_public_url
from opencode_ledger.http.settings import Settings

TOKEN = "a-token-for-the-public-url"
PUBLIC = "https://agents.example.com/ledger"
READ = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Running]:
    async with running(published(tmp_path, PUBLIC, TOKEN), tmp_path / "home") as service:
        yield service


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("https://agents.example.com", "https://agents.example.com/"),
        ("https://Agents.Example.com:443/", "https://agents.example.com/"),
        ("https://agents.example.com:8443/ledger/", "https://agents.example.com:8443/ledger/"),
        ("http://192.168.1.2:80/a/b-c_d~e.f", "http://192.168.1.2/a/b-c_d~e.f/"),
        ("https://[2001:DB8::1]:99", "https://[2001:db8::1]:99/"),
        ("https://bücher.example", "https://xn--bcher-kva.example/"),
    ],
)
def test_urls(written: str, url: str) -> None:
    """However a URL is written, it is read into one form."""
    assert str(read_public_url(written)) == url
    assert read_public_url(url) == read_public_url(written)


@pytest.mark.parametrize(
    "written",
    [
        *("", "agents.example.com", "ftp://agents.example.com", "https://", "https:///x", "https://a b/", "//x"),
        *("https://user:secret@x", "https://x/?q", "https://x/#", "https://x:99999", "https://x/%2e", "https://x//y"),
        *("https://x/docs", "https://x/v1/ledger", "https://x/a b", "https://x\r\n/", "https://*.example.com"),
    ],
)
def test_what_is_no_public_url(written: str) -> None:
    """Anything else is refused at the start, with a sentence and without what may be a password."""
    with pytest.raises(ValidationError) as refused:
        Settings(public_url=written, token_file=Path("/x"))
    assert "secret" not in str(refused.value.errors()[0]["msg"])


def test_a_public_url_needs_tokens(tmp_path: Path) -> None:
    """What others can reach needs tokens; what only this machine can reach does not."""
    with pytest.raises(ValidationError, match="token-file"):
        Settings(data=tmp_path, public_url=PUBLIC)
    assert Settings(data=tmp_path, public_url="http://localhost:8080/ledger").prefix == "/ledger"


HOSTS = ("agents.example.com", "AGENTS.example.com", "agents.example.com:443", "agents.example.com:8443", "127.0.0.1")
OTHERS = ("example.com", "agents.example.com.", "x.agents.example.com", "agents.example.com.evil.example", "agents", "")


async def test_one_host(api: Running) -> None:
    """The public host is served beside this machine's own names, and no other."""
    for host in HOSTS:
        assert await api.get("/codebases", headers={"Host": host, **READ}) == []
    for host in OTHERS:
        answer = await api.ask("GET", "/codebases", headers={"Host": host, **READ})
        assert (answer.status, answer.body["code"]) == (403, "foreign_host")


async def test_one_origin(api: Running) -> None:
    """Its origin is served whatever Host the proxy passes on, and none that only resembles it."""
    local = f"127.0.0.1:{api.port}"
    for host in (local, "agents.example.com"):
        sent = {"Host": host, "Origin": "https://agents.example.com", "Sec-Fetch-Site": "same-origin", **READ}
        assert await api.get("/codebases", headers=sent) == []
    for host, origin in [
        *((host, "http://agents.example.com") for host in (local, "agents.example.com")),
        *((host, "https://agents.example.com:8443") for host in (local, "agents.example.com:8443")),
        *((local, origin) for origin in ("https://example.com", "https://agents.example.com/ledger", "null")),
        ("agents.example.com", f"http://{local}"),
    ]:
        answer = await api.ask("GET", "/codebases", headers={"Host": host, "Origin": origin, **READ})
        assert (answer.status, answer.body["code"]) == (403, "foreign_origin"), (host, origin)
    site = {"Host": "agents.example.com", "Sec-Fetch-Site": "same-site", **READ}
    assert (await api.ask("GET", "/codebases", headers=site)).body["code"] == "foreign_origin"


async def test_a_link_leads_to_the_page(api: Running) -> None:
    """A person may follow a link from another site to the page; nothing that needs a token can be reached by a link."""
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    for path in ("/", "/ledger/", "/docs"):
        async with api.client.get(path, headers=link) as response:
            assert response.status == 200
    for path, sent in [
        ("/", {**link, "Sec-Fetch-Dest": "iframe"}),
        ("/", {**link, "Sec-Fetch-Mode": "no-cors"}),
        ("/", {**link, "Origin": "https://example.com"}),
        ("/metrics", {**link, **READ}),
        ("/v1/opencode/codebases", {**link, **READ}),
    ]:
        async with api.client.get(path, headers=sent) as response:
            assert response.status == 403, path
    async with api.client.post("/v1/opencode/login", json={"token": TOKEN}, headers=link) as response:
        assert response.status == 403


async def test_the_prefix_may_be_there_or_not(api: Running) -> None:
    """A proxy may remove the prefix or not; tokens, errors and the count of responses are the same."""
    for prefix in ("", "/ledger"):
        async with api.client.get(f"{prefix}/v1/opencode/codebases", headers=READ) as response:
            assert (response.status, await response.json()) == (200, [])
        async with api.client.get(f"{prefix}/v1/opencode/codebases") as response:
            assert response.status == 401
        async with api.client.get(f"{prefix}/nothing", headers=READ) as response:
            assert (await response.json())["code"] == "unknown_route"
        async with api.client.get(f"{prefix}/openapi.json") as response:
            assert (await response.json())["servers"][0]["url"] == "/ledger"
    async with api.client.get("/ledger", allow_redirects=False) as response:
        assert (response.status, response.headers["Location"]) == (308, "/ledger/")
    async with api.client.get("/ledger/metrics", headers=READ) as response:
        numbers = await response.text()
    assert 'http_responses_total{method="GET",route="/v1/opencode/codebases",status="200"} 2.0' in numbers
    assert "/ledger" not in numbers
