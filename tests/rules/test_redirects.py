from __future__ import annotations

from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.rules.redirects import local_path

HOME = "/vendor"


@pytest.mark.parametrize(
    "wanted",
    [
        "/",
        "/vendor/devices",
        "/vendor/devices/?q=a%20b&status=active#top",
        "/vendor/invoices/0193?next=//elsewhere.example",
        "/a%2Fb",
    ],
)
def test_a_place_of_our_own_is_gone_to(wanted: str) -> None:
    assert local_path(wanted, HOME) == wanted


@pytest.mark.parametrize(
    "wanted",
    [
        "",
        "vendor",
        "//elsewhere.example",
        "///elsewhere.example",
        "/\\elsewhere.example",
        "\\\\elsewhere.example",
        "https://elsewhere.example",
        "https:/\\elsewhere.example",
        "https:elsewhere.example",
        "javascript:alert(1)",
        "/\t/elsewhere.example",
        "/\n/elsewhere.example",
        " //elsewhere.example",
        "/a//b",
        "/%2felsewhere.example",
        "/%2F%2Felsewhere.example",
        "/%5celsewhere.example",
        "/%09/elsewhere.example",
        "/%zz%00",
        "/auth/logout",
        "/%61uth/logout",
        "/" + "a" * 1_000,
        "/é",
        None,
        7,
        ["/vendor"],
    ],
)
def test_anywhere_else_leads_home(wanted: Any) -> None:
    assert local_path(wanted, HOME) == HOME


@given(
    st.text()
    | st.text(alphabet="/\\:@?#%.2fF5cC09\t\n ae").map(lambda tail: "/" + tail)
    | st.lists(st.sampled_from(["/", "\\", "%2f", "%5c", "a.example", "?", "#", ":"])).map("".join)
)
def test_whatever_is_wanted_the_browser_stays_here(wanted: str) -> None:
    place = local_path(wanted, HOME)
    target = urlsplit(urljoin("https://turnpike.example/login", place))
    assert (target.scheme, target.netloc) == ("https", "turnpike.example")
    assert not place.startswith(("//", "/\\"))
