"""The forms of the public pages: where they come from, where they lead, what they set."""

from __future__ import annotations

from http.cookies import Morsel, SimpleCookie
from itertools import product
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from pyotp.totp import TOTP
from sqlmodel import col, select

from app.api import browser
from app.core.clock import wall_now
from app.runtime import Runtime
from app.services import accounts, sessions, twofactor
from app.services.context import Actor, ActorKind
from models.audit import AuditEvent
from models.person import LoginSession, Person
from tests.getting_in import (
    OTHER,
    PASSWORD,
    mailed_token,
    mails,
    make_owner,
    sign_in,
)

OURS = {"Origin": "http://portal.test"}
SCRIPT = {**OURS, "Accept": "application/json, text/html;q=0.5"}
FORM = {**OURS, "Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
NOBODY = Actor(ActorKind.ANONYMOUS)
EMAIL = "owner@example.com"
LOGIN = {"email": EMAIL, "password": PASSWORD}
POSTS: dict[str, dict[str, str]] = {
    "/auth/signup": LOGIN,
    "/auth/resend": {"email": EMAIL},
    "/auth/verify": {"token": "a" * 43},
    "/auth/reset/request": {"email": EMAIL},
    "/auth/reset": {"token": "a" * 43, "password": PASSWORD},
    "/auth/login": LOGIN,
    "/auth/totp": {"code": "123456"},
    "/auth/logout": {},
    "/auth/logo": {},
}


@pytest.fixture
async def owner(run: Runtime) -> Person:
    async with run.as_system() as ctx:
        return await make_owner(ctx)


def _where(answer: httpx.Response) -> tuple[str, dict[str, str]]:
    """Return path and query of where a plain form was sent."""
    assert answer.status_code == 303, answer.text
    parts = urlsplit(answer.headers["location"])
    assert (parts.scheme, parts.netloc) == ("", "")
    return parts.path, {key: values[0] for key, values in parse_qs(parts.query).items()}


def _cookie(answer: httpx.Response, name: str) -> Morsel[str]:
    jar: SimpleCookie = SimpleCookie()
    for header in answer.headers.get_list("set-cookie"):
        jar.load(header)
    return jar[name]


# -- where a request comes from ---------------------------------------------------------------


FOREIGN = (
    None,
    "null",
    "",
    "https://portal.test",
    "http://portal.test:81",
    "http://portal.test.elsewhere.example",
    "http://elsewhere.example",
    "http://portal.test/",
)


@pytest.mark.parametrize("path", POSTS)
async def test_what_no_page_of_ours_posted_is_refused(client: httpx.AsyncClient, path: str) -> None:
    for origin, accept in product(FOREIGN, (SCRIPT["Accept"], FORM["Accept"])):
        headers = {"Accept": accept} | ({} if origin is None else {"Origin": origin})
        answer = await client.post(path, data=POSTS[path], headers=headers)
        assert (answer.status_code, answer.json()["reason"]) == (403, "foreign_origin"), origin


async def test_two_origins_are_none(client: httpx.AsyncClient) -> None:
    headers = [("Origin", "http://portal.test"), ("Origin", "http://portal.test")]
    answer = await client.post("/auth/login", data=LOGIN, headers=headers)
    assert answer.status_code == 403


async def test_a_foreign_origin_is_written_down(client: httpx.AsyncClient, run: Runtime) -> None:
    await client.post("/auth/login", data=LOGIN, headers={"Origin": "http://elsewhere.example"})
    async with run.as_system() as ctx:
        (row,) = await ctx.db.scalars(
            select(AuditEvent).where(col(AuditEvent.kind) == "access.refused")
        )
    assert (row.body, row.ip) == ({"reason": "foreign_origin"}, "203.0.113.7")


@pytest.mark.parametrize("path", [path for path in POSTS if path != "/auth/logo"])
async def test_a_link_in_a_mail_program_posts_nothing(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert (answer.status_code, answer.json()["reason"]) == (405, "method_not_allowed")


# -- the whole way, as a plain form and as a script -------------------------------------------


async def test_from_sign_up_to_a_session_by_plain_forms(
    client: httpx.AsyncClient, run: Runtime
) -> None:
    answer = await client.post("/auth/signup", data={**LOGIN, "name": "Olga"}, headers=FORM)
    assert _where(answer) == ("/signup", {"sent": "1", "email": EMAIL})
    async with run.as_system() as ctx:
        token = await mailed_token(ctx, "confirm_email")
    answer = await client.post("/auth/verify", data={"token": token}, headers=FORM)
    path, query = _where(answer)
    assert (path, query["confirmed"], query["next"]) == ("/login", "1", "/vendor/onboarding")
    answer = await client.post("/auth/login", data={**LOGIN, "next": query["next"]}, headers=FORM)
    assert _where(answer) == ("/vendor/onboarding", {})
    async with run.context(NOBODY) as ctx:
        actor = await sessions.authenticate(ctx, _cookie(answer, sessions.COOKIE).value)
    assert actor.session_id
    answer = await client.post("/auth/logout", headers=FORM)
    assert _where(answer) == ("/login", {"signed_out": "1"})


async def test_a_script_gets_json_and_the_way_on(client: httpx.AsyncClient, owner: Person) -> None:
    answer = await client.post("/auth/login", json=LOGIN, headers=SCRIPT)
    assert (answer.status_code, answer.json()) == (200, {"redirect": "/vendor"})
    assert _cookie(answer, sessions.COOKIE).value
    answer = await client.post("/auth/login", data={**LOGIN, "password": OTHER}, headers=SCRIPT)
    assert answer.status_code == 401
    assert answer.json()["reason"] == "wrong_credentials"
    assert answer.json()["request_id"] == answer.headers["x-request-id"]
    answer = await client.post("/auth/signup", data={**LOGIN, "password": "short"}, headers=SCRIPT)
    assert answer.status_code == 422
    assert [one["path"] for one in answer.json()["fields"]] == ["password"]


@pytest.mark.parametrize(
    ("accept", "is_script"),
    [
        ("application/json", True),
        ("application/json, text/html;q=0.5", True),
        ("text/html, application/json", False),
        ("text/html,*/*;q=0.8", False),
        ("*/*", False),
        ("", False),
    ],
)
async def test_who_names_json_first_is_a_script(
    client: httpx.AsyncClient, accept: str, is_script: bool
) -> None:
    answer = await client.post(
        "/auth/reset/request", data={"email": EMAIL}, headers={**OURS, "Accept": accept}
    )
    assert answer.status_code == (202 if is_script else 303)


@pytest.mark.parametrize(
    ("field", "header", "locale"),
    [
        ("", "zh,en;q=0.8", "zh-CN"),
        ("", "zh-Hans-SG;q=0.9, en", "zh-CN"),
        ("", "en-GB,zh;q=0.5", "en"),
        ("", "", "en"),
        ("en", "zh-CN", "en"),
        ("zh-CN", "en", "zh-CN"),
    ],
)
async def test_a_newcomer_is_written_to_in_the_language_of_the_browser(
    client: httpx.AsyncClient, run: Runtime, field: str, header: str, locale: str
) -> None:
    headers = {**FORM, "Accept-Language": header}
    await client.post("/auth/signup", data={**LOGIN, "locale": field}, headers=headers)
    async with run.as_system() as ctx:
        assert [mail.locale for mail in await mails(ctx)] == [locale]


# -- cookies ----------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_the_cookie_is_for_this_site_and_no_script(
    client: httpx.AsyncClient, run: Runtime, owner: Person, scheme: str
) -> None:
    run.settings.public_url = f"{scheme}://portal.test"
    answer = await client.post(
        "/auth/login", data=LOGIN, headers={**FORM, "Origin": f"{scheme}://portal.test"}
    )
    cookie = _cookie(answer, sessions.COOKIE)
    assert cookie["httponly"]
    assert bool(cookie["secure"]) is (scheme == "https")
    assert (cookie["samesite"].lower(), cookie["path"], cookie["domain"]) == ("lax", "/", "")
    assert cookie["max-age"] == str(run.settings.session_days * 86_400)
    assert answer.headers["cache-control"] == "no-store"
    assert cookie.value not in answer.text + answer.headers["location"]


async def test_a_new_sign_in_ends_the_browsers_session_before(
    client: httpx.AsyncClient, run: Runtime, owner: Person
) -> None:
    for _ in range(2):
        await client.post("/auth/login", data=LOGIN, headers=FORM)
    async with run.as_system() as ctx:
        rows = (await ctx.db.scalars(select(LoginSession))).all()
    assert sorted(row.revoked_at is None for row in rows) == [False, True]


async def test_signing_out_ends_the_session_and_takes_the_cookie(
    client: httpx.AsyncClient, run: Runtime, owner: Person
) -> None:
    await client.post("/auth/login", data=LOGIN, headers=FORM)
    for _ in range(2):
        answer = await client.post("/auth/logout", headers=SCRIPT)
        assert answer.json() == {"redirect": "/login?signed_out=1"}
        assert _cookie(answer, sessions.COOKIE)["max-age"] == "0"
    async with run.as_system() as ctx:
        row = (await ctx.db.scalars(select(LoginSession))).one()
    assert row.revoked_at is not None


# -- where it leads ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "reached"),
    [
        ("/vendor/devices?q=SN-1", "/vendor/devices?q=SN-1"),
        ("//elsewhere.example", "/vendor"),
        ("https://elsewhere.example", "/vendor"),
        ("https:/\\elsewhere.example", "/vendor"),
        ("/\\elsewhere.example", "/vendor"),
        ("/%2Felsewhere.example", "/vendor"),
        ("/\r\nSet-Cookie: a=b", "/vendor"),
        ("javascript:alert(1)", "/vendor"),
        ("", "/vendor"),
    ],
)
async def test_a_sign_in_leads_to_places_of_our_own_only(
    client: httpx.AsyncClient, owner: Person, wanted: str, reached: str
) -> None:
    answer = await client.post("/auth/login", data={**LOGIN, "next": wanted}, headers=FORM)
    assert answer.headers["location"] == reached


@pytest.mark.parametrize(
    ("path", "fields", "page", "code"),
    [
        ("/auth/login", {**LOGIN, "password": OTHER}, "/login", "wrong_credentials"),
        ("/auth/login", {"email": EMAIL}, "/login", "invalid_password"),
        ("/auth/login", {**LOGIN, "email": "x" * 321}, "/login", "invalid_email"),
        ("/auth/login", {**LOGIN, "next": "x" * 1_001}, "/login", "failed"),
        ("/auth/signup", {"email": "nobody", "password": PASSWORD}, "/signup", "invalid_email"),
        ("/auth/signup", {**LOGIN, "password": "short"}, "/signup", "invalid_password"),
        ("/auth/signup", {**LOGIN, "name": "a\x00b"}, "/signup", "invalid_name"),
        ("/auth/reset/request", {"email": "nobody"}, "/reset", "invalid_email"),
        ("/auth/verify", {"token": "a" * 43}, "/verify", "link_invalid"),
        ("/auth/verify", {}, "/verify", "failed"),
        ("/auth/totp", {"code": "123456"}, "/login", "sign_in_expired"),
        ("/auth/reset", {"token": "a" * 43, "password": PASSWORD}, "/reset", "link_invalid"),
    ],
)
async def test_a_refused_plain_form_comes_back_with_a_code_and_what_was_typed(
    client: httpx.AsyncClient,
    owner: Person,
    path: str,
    fields: dict[str, str],
    page: str,
    code: str,
) -> None:
    answer = await client.post(path, data=fields, headers=FORM)
    reached, query = _where(answer)
    assert (reached, query["error"]) == (page, code)
    assert query["error"] in browser.CODES
    assert query.get("email", "") == fields.get("email", "")[:320]
    assert "step" not in query
    assert set(query) <= {"email", "name", "error"}


async def test_a_weak_new_password_keeps_the_links_secret_in_the_fragment(
    client: httpx.AsyncClient, run: Runtime, owner: Person
) -> None:
    await client.post("/auth/reset/request", data={"email": EMAIL}, headers=FORM)
    async with run.as_system() as ctx:
        token = await mailed_token(ctx, "reset_password")
    weak = {"token": token, "password": "short"}
    answer = await client.post("/auth/reset", data=weak, headers=FORM)
    assert answer.headers["location"] == f"/reset?error=invalid_password#{token}"
    answer = await client.post("/auth/reset", data={**weak, "password": OTHER}, headers=FORM)
    assert _where(answer) == ("/login", {"reset": "1", "email": EMAIL})
    answer = await client.post("/auth/login", data={**LOGIN, "password": OTHER}, headers=FORM)
    assert _where(answer) == ("/vendor", {})


async def test_a_changed_address_leads_its_owner_back_to_the_settings(
    client: httpx.AsyncClient, run: Runtime, owner: Person
) -> None:
    async with run.as_system() as ctx:
        await accounts.change_email(await sign_in(ctx), "new@example.com", PASSWORD)
        token = await mailed_token(ctx, "change_email")
    await client.post("/auth/login", data=LOGIN, headers=FORM)
    answer = await client.post("/auth/verify", data={"token": token}, headers=FORM)
    assert _where(answer) == ("/vendor/settings", {"confirmed": "1"})


async def test_a_confirmation_may_be_asked_for_from_any_page_of_ours(
    client: httpx.AsyncClient,
) -> None:
    for wanted, reached in (("/vendor/onboarding", "/vendor/onboarding"), ("//x", "/signup")):
        answer = await client.post(
            "/auth/resend", data={"email": EMAIL, "next": wanted}, headers=FORM
        )
        assert _where(answer)[0] == reached


# -- what strangers can learn -----------------------------------------------------------------


@pytest.mark.parametrize("path", ["/auth/signup", "/auth/resend", "/auth/reset/request"])
@pytest.mark.parametrize("headers", [FORM, SCRIPT], ids=["form", "script"])
async def test_the_answer_is_the_same_whoever_has_an_account(
    client: httpx.AsyncClient, owner: Person, path: str, headers: dict[str, str]
) -> None:
    answers = [
        await client.post(path, data={"email": email, "password": PASSWORD}, headers=headers)
        for email in (EMAIL, "nobody@example.com")
    ]
    known, unknown = (
        (
            answer.status_code,
            answer.text.replace("owner", "X").replace("nobody", "X"),
            answer.headers.get("location", "").replace("owner", "X").replace("nobody", "X"),
            sorted(set(answer.headers) - {"x-request-id"}),
        )
        for answer in answers
    )
    assert known == unknown


async def test_too_many_tries_say_when_to_come_back(
    client: httpx.AsyncClient, run: Runtime, owner: Person
) -> None:
    run.settings.limit_sign_in = "1/15 minutes"
    wrong = {**LOGIN, "password": OTHER}
    await client.post("/auth/login", data=wrong, headers=SCRIPT)
    answer = await client.post("/auth/login", data=LOGIN, headers=SCRIPT)
    assert (answer.status_code, answer.json()["reason"]) == (429, "rate_limited")
    assert 0 < int(answer.headers["retry-after"]) <= 900
    answer = await client.post("/auth/login", data=LOGIN, headers=FORM)
    path, query = _where(answer)
    assert (path, query["error"]) == ("/login", "rate_limited")
    assert query["wait"] == answer.headers["retry-after"]


@pytest.mark.parametrize("path", ["/auth/signup", "/auth/resend", "/auth/reset/request"])
async def test_asking_too_often_says_when_to_come_back(
    client: httpx.AsyncClient, run: Runtime, path: str
) -> None:
    run.settings.limit_sign_up = "1/hour"
    statuses = [
        (await client.post(path, data={**LOGIN, "email": f"{n}@example.com"}, headers=SCRIPT))
        for n in range(2)
    ]
    assert [answer.status_code for answer in statuses] == [202, 429]
    assert 0 < int(statuses[1].headers["retry-after"]) <= 3_600


async def test_a_refused_sign_in_is_written_down(
    client: httpx.AsyncClient, run: Runtime, owner: Person
) -> None:
    await client.post("/auth/login", data={**LOGIN, "password": OTHER}, headers=FORM)
    async with run.as_system() as ctx:
        (row,) = await ctx.db.scalars(
            select(AuditEvent).where(col(AuditEvent.kind) == "person.sign_in_refused")
        )
    assert (row.result, row.body) == ("denied", {"reason": "wrong_credentials"})


# -- the second factor ------------------------------------------------------------------------


async def _with_second_factor(run: Runtime) -> tuple[str, list[str]]:
    async with run.as_system() as ctx:
        me = await sign_in(ctx)
        secret = (await twofactor.enrol(me, PASSWORD)).secret
        now = wall_now()
        return secret, await twofactor.confirm(me, TOTP(secret).at(now))


async def test_a_second_factor_is_asked_for_and_no_secret_is_in_an_address(
    client: httpx.AsyncClient, run: Runtime, owner: Person
) -> None:
    _, codes = await _with_second_factor(run)
    answer = await client.post(
        "/auth/login", data={**LOGIN, "next": "/vendor/devices"}, headers=FORM
    )
    assert _where(answer) == ("/login", {"step": "code", "next": "/vendor/devices"})
    ticket = _cookie(answer, "turnpike_ticket")
    assert ticket["httponly"]
    assert (ticket["path"], ticket["max-age"]) == ("/auth", "300")
    with pytest.raises(KeyError):
        _cookie(answer, sessions.COOKIE)
    wrong = await client.post(
        "/auth/totp", data={"code": "000", "next": "/vendor/devices"}, headers=FORM
    )
    assert _where(wrong) == (
        "/login",
        {"step": "code", "error": "wrong_code", "next": "/vendor/devices"},
    )
    answer = await client.post(
        "/auth/totp", data={"code": codes[0], "next": "/vendor/devices"}, headers=FORM
    )
    assert _where(answer) == ("/vendor/devices", {})
    assert _cookie(answer, sessions.COOKIE).value
    assert _cookie(answer, "turnpike_ticket")["max-age"] == "0"


async def test_a_code_alone_opens_nothing(
    client: httpx.AsyncClient, run: Runtime, owner: Person
) -> None:
    _, codes = await _with_second_factor(run)
    for ticket in ("", "x", "a" * 200):
        client.cookies.set("turnpike_ticket", ticket, domain="portal.test", path="/auth")
        answer = await client.post("/auth/totp", data={"code": codes[0]}, headers=SCRIPT)
        assert (answer.status_code, answer.json()["reason"]) == (401, "sign_in_expired")


# -- bodies -----------------------------------------------------------------------------------


SENSELESS = (
    (b"[]", "application/json"),
    (b'"text"', "application/json"),
    (b"{", "application/json"),
    (b'{"email": 7, "password": null, "token": [], "code": {}}', "application/json"),
    (b"", "application/json"),
    (b"", "application/x-www-form-urlencoded"),
    (b"\xff\xfe=%ff&%00=%00", "application/x-www-form-urlencoded"),
    (b"--x\r\nbroken", "multipart/form-data; boundary=x"),
    (b"--x\r\nbroken", "multipart/form-data"),
    (b"email=a", "text/plain"),
)


@pytest.mark.parametrize(
    "path", [path for path in POSTS if path not in ("/auth/logout", "/auth/logo")]
)
async def test_a_body_that_makes_no_sense_is_refused_and_nothing_breaks(
    client: httpx.AsyncClient, path: str
) -> None:
    for content, kind in SENSELESS:
        answer = await client.post(path, content=content, headers={**SCRIPT, "Content-Type": kind})
        assert answer.status_code in (400, 422), answer.text
        answer = await client.post(path, content=content, headers={**FORM, "Content-Type": kind})
        # JSON that is none is refused before anybody asks which page it came from.
        assert answer.status_code == (400 if content == b"{" else 303), answer.text


async def test_the_document_describes_form_and_json(client: httpx.AsyncClient) -> None:
    paths = (await client.get("/api/openapi.json")).json()["paths"]
    for path in POSTS:
        assert {"303", "403", "429"} <= set(paths[path]["post"]["responses"])
    body = paths["/auth/login"]["post"]["requestBody"]["content"]
    assert set(body) == {"application/json", "application/x-www-form-urlencoded"}
    assert set(body["application/json"]["schema"]["required"]) == {"email", "password"}


async def test_no_mail_goes_out_for_a_refused_form(client: httpx.AsyncClient, run: Runtime) -> None:
    await client.post("/auth/signup", data={**LOGIN, "password": "short"}, headers=FORM)
    async with run.as_system() as ctx:
        assert await mails(ctx) == []
