from __future__ import annotations

from typing import Any

import pyotp
import pytest
from sqlmodel import col, select

from app.core.clock import wall_now
from app.core.errors import NotSignedInError
from app.core.locale import country_names
from app.rules.statuses import PaymentMethodStatus, TenantStatus
from app.services import credentials, passwords
from app.services.context import Context
from models.credential import Credential
from models.exchange import OutboxItem
from models.person import LoginSession, Person
from models.tenant import Tenant
from state.vendor.company import BrandState, CompanyState
from state.vendor.payment import PaymentState
from state.vendor.policy import PolicyState
from state.vendor.second_factor import SecondFactorState
from state.vendor.security import ClosingState, SecurityState
from state.vendor.settings import ProfileState, SettingsState
from tests.factories import as_vendor
from tests.fakes import CountingHasher, FakeProviders
from tests.money_kit import make_invoice
from tests.state.conftest import Tab, sign_in, target

PASSWORD = "a quiet harbour 42"
STATES = [
    SettingsState,
    ProfileState,
    CompanyState,
    BrandState,
    PolicyState,
    PaymentState,
    SecurityState,
    SecondFactorState,
    ClosingState,
]


@pytest.fixture
async def known(ctx: Context, owner: Person, hasher: CountingHasher) -> Person:
    """The owner with a password."""
    await passwords.store(ctx, owner, await hasher.hash(PASSWORD))
    await ctx.db.commit()
    return owner


async def loaded(tab: Tab, cls: Any, query: str = "") -> Any:
    tab.go(f"/vendor/settings{query}")
    state = await tab.state(cls)
    await state.load()
    return state


@pytest.mark.parametrize("cls", STATES)
async def test_strangers_are_sent_away(open_tab: Any, cls: Any) -> None:
    with pytest.raises(NotSignedInError):
        await loaded(open_tab(""), cls)


@pytest.mark.parametrize(
    ("query", "tab_shown"), [("", "profile"), ("?tab=payment", "payment"), ("?tab=no", "profile")]
)
async def test_the_address_chooses_the_tab(tab: Tab, query: str, tab_shown: str) -> None:
    state = await loaded(tab, SettingsState, query)
    assert state.tab == tab_shown
    assert target(await state.go("policy")) == "/vendor/settings?tab=policy"


async def test_a_saved_profile_names_the_person_and_its_language(
    ctx: Context, tab: Tab, owner: Person, vendor: Tenant
) -> None:
    state = await loaded(tab, ProfileState)
    await state.save({"name": " Ada  Example ", "locale": "zh-CN"})
    await ctx.db.refresh(owner)
    await ctx.db.refresh(vendor)
    assert (owner.name, vendor.locale, state.error) == ("Ada Example", "zh-CN", "")


async def test_a_language_we_do_not_speak_is_refused(
    ctx: Context, tab: Tab, vendor: Tenant
) -> None:
    state = await loaded(tab, ProfileState)
    await state.save({"name": "Ada", "locale": "tlh"})
    await ctx.db.refresh(vendor)
    assert (vendor.locale, state.error) == ("en", "Choose one of the languages.")


async def test_a_new_address_is_asked_to_confirm(ctx: Context, tab: Tab, known: Person) -> None:
    state = await loaded(tab, ProfileState)
    before = known.email
    await state.change_email({"email": "new@example.com", "password": PASSWORD})
    mailed = (await ctx.db.scalars(select(OutboxItem))).all()
    await ctx.db.refresh(known)
    assert (state.asked_email, state.email_error, known.email) == ("new@example.com", "", before)
    assert any("new@example.com" in str(item.recipient) for item in mailed)


async def test_a_wrong_password_changes_no_address(tab: Tab, known: Person) -> None:
    state = await loaded(tab, ProfileState)
    await state.change_email({"email": "new@example.com", "password": "wrong"})
    assert (state.asked_email, state.email_error) == ("", "That is not your password.")


async def test_a_new_password_ends_the_other_sessions(
    ctx: Context, tab: Tab, known: Person
) -> None:
    await sign_in(ctx, known)
    state = await loaded(tab, ProfileState)
    await state.change_password({"old_password": PASSWORD, "new_password": "a louder harbour 43"})
    living = await ctx.db.scalars(
        select(LoginSession).where(
            col(LoginSession.person_id) == known.id, col(LoginSession.revoked_at).is_(None)
        )
    )
    assert (state.password_error, state.version, len(living.all())) == ("", 1, 1)


async def test_a_company_is_stored_tidily(ctx: Context, tab: Tab, vendor: Tenant) -> None:
    state = await loaded(tab, CompanyState)
    assert ("DE", country_names("en")["DE"]) in state.countries
    await state.save(
        {
            "legal_name": "Acme  Toys GmbH",
            "address": " 1 Example Street \n\n10115 Berlin ",
            "country": "DE",
            "tax_id": "DE 123",
        }
    )
    await ctx.db.refresh(vendor)
    assert state.error == ""
    assert (vendor.legal_name, vendor.address, vendor.country, vendor.tax_id) == (
        "Acme Toys GmbH",
        "1 Example Street\n10115 Berlin",
        "DE",
        "DE 123",
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"country": "ZZ"},
        {"legal_name": ""},
        {"address": " \n "},
        {"address": "\n".join("1234567")},
        {"tax_id": "x" * 41},
    ],
)
async def test_a_company_that_makes_no_sense_is_not_stored(
    ctx: Context, tab: Tab, vendor: Tenant, wrong: dict[str, str]
) -> None:
    state = await loaded(tab, CompanyState)
    right = {"legal_name": "New", "address": "1 Street", "country": "DE", "tax_id": ""}
    await state.save(right | wrong)
    await ctx.db.refresh(vendor)
    assert (vendor.legal_name, bool(state.error)) == ("Acme Toys Ltd", True)


async def test_the_preview_follows_what_is_typed_and_saving_stores_it(
    ctx: Context, tab: Tab, vendor: Tenant
) -> None:
    state = await loaded(tab, BrandState)
    await state.type_name("Beta")
    await ctx.db.refresh(vendor)
    assert (state.name, vendor.display_name) == ("Beta", "Acme Toys")
    await state.save({"name": "Beta"})
    await ctx.db.refresh(vendor)
    assert vendor.display_name == "Beta"


async def test_a_policy_is_narrowed(ctx: Context, tab: Tab, vendor: Tenant) -> None:
    state = await loaded(tab, PolicyState)
    assert [(one.name, one.is_allowed) for one in state.namespaces] == [
        ("personal", False),
        ("family", False),
        ("work", False),
        ("travel", True),
    ]
    times = {f"ttl-{row.name}": str(row.seconds) for row in state.scopes}
    await state.save(times | {"ttl-memory.read": "120"})
    await ctx.db.refresh(vendor)
    assert state.error == ""
    assert vendor.policy["namespaces"] == []
    assert vendor.policy["ttl_seconds"]["memory.read"] == 120  # type: ignore[index]
    assert '"ttl_seconds": 120' in state.template


@pytest.mark.parametrize(
    "wrong", [{"namespace-family": "yes"}, {"ttl-memory.read": "9999"}, {"ttl-memory.read": "x"}]
)
async def test_a_policy_beyond_what_is_allowed_is_refused(
    ctx: Context, tab: Tab, vendor: Tenant, wrong: dict[str, str]
) -> None:
    state = await loaded(tab, PolicyState)
    times = {f"ttl-{row.name}": str(row.seconds) for row in state.scopes}
    await state.save(times | wrong)
    await ctx.db.refresh(vendor)
    assert (bool(state.error), vendor.policy) == (True, {})


async def test_replacing_a_card_leads_to_the_providers_page(
    tab: Tab, providers: FakeProviders
) -> None:
    state = await loaded(tab, PaymentState, "?tab=payment")
    assert (state.label, state.status) == ("Visa ending 4242", "connected")
    assert target(await state.bind("card")).startswith("http")
    (asked,) = providers.stripe.named("start_setup")
    assert asked["return_url"].endswith("/vendor/settings?tab=payment")
    settings = await loaded(tab, SettingsState)
    assert settings.tab == "profile"
    assert target(await state.load()) == "/vendor/settings?tab=payment"


async def test_a_detached_method_is_gone(ctx: Context, tab: Tab, vendor: Tenant) -> None:
    state = await loaded(tab, PaymentState)
    await state.ask()
    assert state.is_asking
    await state.detach({})
    assert (state.is_asking, state.status) == (False, PaymentMethodStatus.DETACHED)
    await state.detach({})
    assert state.error == "No payment method is connected."


async def test_sessions_are_listed_and_ended(ctx: Context, tab: Tab, owner: Person) -> None:
    await sign_in(ctx, owner)
    await sign_in(ctx, owner)
    state = await loaded(tab, SecurityState)
    assert [row.is_current for row in state.rows] == [True, False, False]
    await state.revoke(state.rows[1].id)
    assert (len(state.rows), state.others) == (2, 1)
    await state.revoke_others()
    assert (len(state.rows), state.others) == (1, 0)


async def test_nobody_ends_a_strangers_session(tab: Tab, rival: Tab) -> None:
    mine = await loaded(tab, SecurityState)
    theirs = await loaded(rival, SecurityState)
    with pytest.raises(Exception, match="no such session"):
        await theirs.revoke(mine.rows[0].id)
    await mine.load()
    assert len(mine.rows) == 1


async def test_the_second_factor_from_set_up_to_switching_off(tab: Tab, known: Person) -> None:
    state = await loaded(tab, SecondFactorState)
    await state.ask("enrol")
    assert (state.asking, state.wants_password) == ("enrol", True)
    await state.prove({"password": "wrong"})
    assert (state.asking, state.error, state.secret) == ("enrol", "That is not your password.", "")
    await state.prove({"password": PASSWORD})
    assert (state.asking, state.error) == ("confirm", "")
    assert state.qr.startswith("data:image/svg")
    await state.confirm({"code": "000"})
    assert (state.asking, bool(state.error)) == ("confirm", True)
    code = pyotp.TOTP(state.secret).at(wall_now())
    await state.confirm({"code": code})
    assert (state.asking, state.is_on, state.secret, len(state.codes)) == ("codes", True, "", 10)
    assert state.codes_text.splitlines() == state.codes
    await state.cancel()
    assert state.codes == []
    await state.ask("renew")
    await state.prove({"password": PASSWORD})
    assert (state.asking, len(state.codes)) == ("codes", 10)
    await state.ask("disable")
    await state.prove({"password": PASSWORD})
    assert (state.asking, state.is_on, state.codes_left) == ("", False, 0)


async def test_a_closed_account_has_no_tokens_and_takes_no_more(
    ctx: Context, tab: Tab, known: Person, vendor: Tenant
) -> None:
    issued = await credentials.issue(as_vendor(ctx, vendor, person=known), "Factory")
    await ctx.db.commit()
    state = await loaded(tab, ClosingState)
    await state.ask()
    await state.close_account({"password": "wrong"})
    assert (state.is_closed, state.error) == (False, "That is not your password.")
    await state.close_account({"password": PASSWORD})
    await ctx.db.refresh(vendor)
    token = await ctx.db.get(Credential, issued.row.id, populate_existing=True)
    assert (state.is_closed, state.is_asking) == (True, False)
    assert (vendor.status, vendor.closed_at) == (TenantStatus.CLOSED, ctx.now())
    assert token is not None
    assert token.revoked_at == ctx.now()
    told = await ctx.db.scalars(select(OutboxItem).where(col(OutboxItem.name) == "tenant_closed"))
    assert [one.recipient for one in told] == [vendor.email]


async def test_an_account_that_owes_something_is_not_closed(
    ctx: Context, tab: Tab, known: Person, vendor: Tenant
) -> None:
    await make_invoice(ctx, vendor, pushed=False)
    await ctx.db.commit()
    state = await loaded(tab, ClosingState)
    await state.close_account({"password": PASSWORD})
    assert not state.is_closed
    assert "unpaid" in state.error
