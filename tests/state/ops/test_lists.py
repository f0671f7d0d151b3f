"""Every list of operations, generated from the state classes: its file exists, and odd views are shown."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from app.services.ops_files import FILES, FileName
from models.tenant import Tenant
from state.ops.listing import Listing
from tests.api.conftest import client, rest  # noqa: F401 - fixtures
from tests.state.conftest import Tab
from tests.state.ops.conftest import opened
from tests.state.test_isolation import OPS

LISTS: list[Any] = sorted(
    {cls for cls, _ in OPS if issubclass(cls, Listing)}, key=lambda cls: cls.__name__
)
ODD = "q=%25%00%27&status=odd&sort=-password&page=0&provider=x&area=odd"


def test_every_list_has_a_state_and_a_file() -> None:
    assert len(LISTS) == len(FileName) == len(FILES)
    assert all(file.listed.name == name for name, file in FILES.items())


@pytest.mark.parametrize("query", ["", ODD])
@pytest.mark.parametrize("cls", LISTS)
async def test_a_list_leads_to_the_file_of_what_it_shows(
    vendor: Tenant,
    viewer: Tab,
    client: httpx.AsyncClient,  # noqa: F811
    cls: Any,
    query: str,
) -> None:
    state = await opened(viewer, cls, f"/ops/tenants/{vendor.id}?{query}")
    assert state.is_loaded
    assert state.status == ""
    asked = parse_qs(urlsplit(state.csv_href).query)
    assert asked["sort"] == [f"{'-' if state.is_descending else ''}{state.sort}"]
    answer = await client.get(
        state.csv_href, headers={"Cookie": f"turnpike_session={viewer.cookie}"}
    )
    assert answer.status_code == 200, answer.text
    assert answer.text.count("\r\n") - 1 >= len(state.rows)
