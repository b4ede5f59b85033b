"""The name of the page's cookie: its prefix at an https address, and what counts there."""

from http.cookies import SimpleCookie
from pathlib import Path
from typing import cast

import pytest
from multidict import CIMultiDictProxy
from tests.support.proxies import published
from tests.support.service import running

from .test_logins import TOKEN, refused, signed_in

PUBLIC = "https://agents.example.com"
OWN = "its own address"
COOKIES_BY_ADDRESS: tuple[tuple[str | None, str | None, str, str, object], ...] = (
    # the public URL; the page's Origin, None for a program; then what the cookie's name begins with, its path, Secure
    (None, OWN, "", "/", ""),
    (None, None, "", "/", ""),
    ("http://localhost:9000", "http://localhost:9000", "", "/", ""),
    ("http://agents.example.com/ledger", "http://agents.example.com", "", "/ledger", ""),
    (PUBLIC, PUBLIC, "__Host-", "/", True),
    (f"{PUBLIC}:8443", f"{PUBLIC}:8443", "__Host-", "/", True),
    (PUBLIC, None, "__Host-", "/", True),
    (PUBLIC, OWN, "", "/", ""),
    (f"{PUBLIC}/ledger", PUBLIC, "__Secure-", "/ledger", True),
    (f"{PUBLIC}/ledger", None, "__Secure-", "/ledger", True),
    (f"{PUBLIC}/ledger", OWN, "", "/", ""),
    ("https://localhost:9443", "https://localhost:9443", "__Host-", "/", True),
    ("https://localhost:9443", OWN, "", "/", ""),
)


@pytest.mark.parametrize(("url", "origin", "begins", "path", "secure"), COOKIES_BY_ADDRESS)
async def test_the_cookie_at_each_address(
    tmp_path: Path, url: str | None, origin: str | None, begins: str, path: str, secure: object
) -> None:
    """At an https public URL it needs TLS, and its name has the prefix for that; at an address of this machine neither."""
    settings = published(tmp_path, url or "http://127.0.0.1:9000", TOKEN)
    settings = settings if url else settings.model_copy(update={"public_url": None})
    async with running(settings, tmp_path / "home") as api:
        sent = {"Origin": f"http://127.0.0.1:{api.port}" if origin == OWN else origin} if origin else {}
        answer = await api.ask("POST", "/login", {"token": TOKEN}, headers=sent)
        [cookie] = SimpleCookie(answer.headers["Set-Cookie"]).values()
        assert cookie.key == begins + cookie.key[-len("opencode_ledger_12345678") :]
        assert (cookie["path"], cookie["secure"], cookie["samesite"]) == (path, secure, "Strict")
        assert (cookie["domain"], cookie["httponly"]) == ("", True)
        host = api.port if origin == OWN or not url else url.removeprefix("https://").removeprefix("http://")
        came = {"Host": f"127.0.0.1:{host}" if isinstance(host, int) else host.partition("/")[0]}
        held = {"Cookie": f"{cookie.key}={cookie.value}"}
        api.client.cookie_jar.clear()
        for headers in (held, {**held, **came}, {**held, "X-Forwarded-For": "203.0.113.9"}):
            expected = (
                401 if origin == OWN and url and begins == "" and "X-Forwarded-For" in headers and secured(url) else 200
            )
            assert (await api.ask("GET", "/codebases", headers=headers)).status == expected, headers


def secured(url: str) -> bool:
    return url.startswith("https://")


@pytest.mark.parametrize("url", [PUBLIC, f"{PUBLIC}/ledger", f"{PUBLIC}:8443"])
async def test_a_cookie_that_another_host_could_set_counts_nowhere_over_tls(tmp_path: Path, url: str) -> None:
    """Without the prefix it isn't valid there, whatever shows that a request came by the proxy; with it, it is."""
    settings = published(tmp_path, url, TOKEN)
    async with running(settings, tmp_path / "home") as api:
        plain, _ = await signed_in(api)
        held = {"Cookie": f"{plain.key}={plain.value}"}
        ways = ({"Host": "agents.example.com"}, {"Via": "1.1 proxy"}, {"Forwarded": "for=203.0.113.9"})
        signs = (*ways, {"X-Forwarded-Proto": "https"}, {"Origin": url.removesuffix("/ledger")})
        for sign in signs:
            await refused(await api.ask("GET", "/codebases", headers={**held, **sign}), 401, "unauthorized")
        assert await api.get("/codebases", headers=held) == []
        cookie, _ = await signed_in(api, url.removesuffix("/ledger"))
        for sign in signs:
            both = {"Cookie": f"{plain.key}={plain.value}; {cookie.key}={cookie.value}"}
            assert await api.get("/codebases", headers={**both, **sign}) == []


async def test_a_login_from_before_the_prefix(tmp_path: Path) -> None:
    """At an https URL the person signs in once more. That ends the first login and removes its cookie."""
    settings = published(tmp_path, PUBLIC, TOKEN)
    async with running(settings, tmp_path / "home") as api:
        former, _ = await signed_in(api)
        held = {"Cookie": f"{former.key}={former.value}"}
        came = {**held, "Host": "agents.example.com"}
        await refused(await api.ask("GET", "/codebases", headers=dict(came)), 401, "unauthorized")
        answer = await api.ask("POST", "/login", {"token": TOKEN}, headers={**came, "Origin": PUBLIC})
        lines = cast("CIMultiDictProxy[str]", answer.headers).getall("Set-Cookie")
        cookies = SimpleCookie("\r\n".join(lines))
        assert (cookies[former.key]["max-age"], cookies[former.key].value) == ("0", "")
        assert cookies[f"__Host-{former.key}"].value
        api.client.cookie_jar.clear()
        await refused(await api.ask("GET", "/codebases", headers=held), 401, "unauthorized")
