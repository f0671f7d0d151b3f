"""What the tests of widgets share: a state to take Vars and handlers from, and the rendered text of a component."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
import reflex as rx

from components.palette import PaletteAnswer
from components.tables import PageInfo


@dataclass(frozen=True)
class ThingRow:
    id: str
    name: str
    amount: str


@dataclass(frozen=True)
class PlaceThing:
    id: str
    network: str
    since: str
    since_exact: str


@dataclass(frozen=True)
class TokenThing:
    id: str
    label: str
    prefix: str
    status: str
    used: str
    used_exact: str
    networks: str
    created: str
    created_exact: str
    expires: str
    expires_exact: str
    is_live: bool
    can_rotate: bool
    places: list[PlaceThing]


class TokensDeskState(rx.State):
    """Stands for a page of tokens or keys."""

    rows: list[TokenThing] = []
    asking: str = ""
    about_label: str = ""
    about_prefix: str = ""
    error: str = ""
    secret: str = ""
    curl: str = ""

    @rx.event
    def ask(self, what: str, token_id: str) -> None: ...

    @rx.event
    def open(self, token_id: str) -> None: ...

    @rx.event
    def close(self) -> None: ...

    @rx.event
    def cancel(self) -> None: ...

    @rx.event
    def create(self, form: dict[str, str]) -> None: ...

    @rx.event
    def rotate(self, form: dict[str, str]) -> None: ...

    @rx.event
    def revoke(self, form: dict[str, str]) -> None: ...


class WidgetState(rx.State):
    """Stands for any page's state; widgets must never know one."""

    text: str = ""
    flag: bool = False
    chosen: list[str] = []
    rows: list[ThingRow] = []
    answer: PaletteAnswer = PaletteAnswer()
    page: PageInfo = PageInfo()

    @rx.event
    def act(self) -> None: ...

    @rx.event
    def take(self, value: str) -> None: ...

    @rx.event
    def turn(self, number: int) -> None: ...

    @rx.event
    def pick(self, row_id: str, checked: bool) -> None: ...

    @rx.event
    def pick_all(self, checked: bool) -> None: ...

    @rx.event
    def send(self, form: dict[str, str]) -> None: ...


Rendered = Callable[[rx.Component], str]


@pytest.fixture
def s() -> type[WidgetState]:
    return WidgetState


@pytest.fixture
def js() -> Rendered:
    """Render a component to the JavaScript that the browser runs, its imports and hooks included."""

    def render(component: rx.Component) -> str:
        component._get_all_imports()
        component._get_all_hooks()
        return str(component)

    return render
