from __future__ import annotations

from typing import Any

import pytest

from app.core.errors import InvalidInputError, NotSignedInError
from app.services import credentials
from app.services.context import Context
from app.services.credentials import IssuedToken
from models.credential import CredentialAddress
from models.person import Person
from models.tenant import Tenant
from state.vendor.tokens import TokensState
from tests.factories import as_vendor
from tests.state.conftest import Tab, target


@pytest.fixture
async def token(ctx: Context, vendor: Tenant, owner: Person) -> IssuedToken:
    issued = await credentials.issue(as_vendor(ctx, vendor, person=owner), "Factory line 1")
    ctx.db.add(
        CredentialAddress(
            credential_id=issued.row.id, ip_prefix="203.0.113.7/32", first_seen_at=ctx.now()
        )
    )
    await ctx.db.commit()
    return issued


async def listed(tab: Tab, query: str = "") -> TokensState:
    tab.go(f"/vendor/tokens{query}")
    state = await tab.state(TokensState)
    await state.load()
    return state


async def test_the_list_shows_label_prefix_and_networks(tab: Tab, token: IssuedToken) -> None:
    (row,) = (await listed(tab)).rows
    assert (row.label, row.prefix, row.status) == (
        "Factory line 1",
        f"{token.row.prefix}…",
        "active",
    )
    assert (row.networks, row.used) == ("1 network", "Never")
    assert [place.network for place in row.places] == ["203.0.113.7"]


async def test_no_secret_is_in_the_list(tab: Tab, token: IssuedToken) -> None:
    state = await listed(tab)
    assert token.secret not in str(state.dict())


async def test_another_vendor_sees_none(rival: Tab, token: IssuedToken) -> None:
    assert (await listed(rival)).rows == []


async def test_a_tokens_address_opens_it(tab: Tab, token: IssuedToken) -> None:
    state = await listed(tab, f"?open={token.row.id}")
    assert [row.label for row in state.opened] == ["Factory line 1"]
    assert target(await state.close()) == "/vendor/tokens"
    assert state.opened == []
    assert target(await state.open(str(token.row.id))) == f"/vendor/tokens?open={token.row.id}"


async def test_a_new_token_is_shown_once(tab: Tab) -> None:
    state = await listed(tab)
    await state.ask("create", "")
    await state.create({"label": "Staging"})
    assert state.secret.startswith("vnd_")
    assert state.secret in state.curl
    assert (state.asking, [row.label for row in state.rows]) == ("", ["Staging"])
    await state.cancel()
    assert (state.secret, state.curl) == ("", "")


@pytest.mark.parametrize("label", ["", "x" * 61])
async def test_a_label_that_will_not_do_is_said_in_the_dialog(tab: Tab, label: str) -> None:
    state = await listed(tab)
    await state.ask("create", "")
    await state.create({"label": label})
    assert state.asking == "create"
    assert "1 to 60" in state.error
    assert (state.secret, state.rows) == ("", [])


async def test_a_rotated_token_lives_on_for_the_overlap(tab: Tab, token: IssuedToken) -> None:
    state = await listed(tab)
    await state.ask("rotate", str(token.row.id))
    await state.rotate({"overlap": "24"})
    assert state.secret.startswith("vnd_")
    assert state.secret != token.secret
    assert {(row.status, row.expires) for row in state.rows} == {
        ("active", "Never"),
        ("rotating", "21 Nov 2026"),
    }


@pytest.mark.parametrize("overlap", ["", "9999", "one"])
async def test_an_overlap_that_was_not_offered_is_refused(
    tab: Tab, token: IssuedToken, overlap: str
) -> None:
    state = await listed(tab)
    await state.ask("rotate", str(token.row.id))
    await state.rotate({"overlap": overlap})
    assert state.error
    assert (state.secret, state.rows[0].status) == ("", "active")


async def test_a_revoked_token_ends_at_once(tab: Tab, token: IssuedToken) -> None:
    state = await listed(tab)
    await state.ask("revoke", str(token.row.id))
    assert (state.asking, state.about_prefix) == ("revoke", f"{token.row.prefix}…")
    await state.revoke({})
    assert (state.asking, [row.status for row in state.rows]) == ("", ["revoked"])
    assert state.live == 0


async def test_nobody_asks_about_a_strangers_token(rival: Tab, token: IssuedToken) -> None:
    state = await rival.state(TokensState)
    with pytest.raises(InvalidInputError):
        await state.ask("revoke", str(token.row.id))
    assert state.asking == ""


async def test_the_list_moves_by_itself(
    ctx: Context, tab: Tab, vendor: Tenant, owner: Person
) -> None:
    state = await listed(tab)
    await credentials.issue(as_vendor(ctx, vendor, person=owner), "Elsewhere")
    await ctx.db.commit()
    await state.tick()
    assert [row.label for row in state.rows] == ["Elsewhere"]


async def test_strangers_are_sent_away(open_tab: Any) -> None:
    with pytest.raises(NotSignedInError):
        await listed(open_tab(""))
