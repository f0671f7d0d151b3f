"""Forged browser events end before any handler sees them."""

from __future__ import annotations

from typing import Any

import pytest
import reflex as rx
from reflex_base.registry import RegistrationContext
from reflex_base.utils.form import FORM_DATA_ENTRIES_KEY

from app.gate import refusal


class _Probe(rx.State):
    amount: int = 0

    @rx.event
    def take(self, id_: str, number: int = 0, chosen: bool = False) -> None:
        """Declare one argument of each type."""

    @rx.event
    def send(self, form: dict[str, str]) -> None:
        """Declare a form."""


_Probe.take.fn.__module__ = "state.probe"
_Probe.send.fn.__module__ = "state.probe"
TAKE = f"{_Probe.get_full_name()}.take"
SEND = f"{_Probe.get_full_name()}.send"


@pytest.mark.parametrize(
    ("payload", "passes"),
    [
        ({"id_": "x"}, True),
        ({"id_": "x", "number": 3, "chosen": True}, True),
        ({"id_": {"a": 1}}, False),
        ({"id_": ["x"]}, False),
        ({"id_": None}, False),
        ({"id_": 3}, False),
        ({"id_": "x", "number": "3"}, False),
        ({"id_": "x", "chosen": 1}, False),
        ({"id_": "x", "self": 1}, False),
        ({"id_": "x" * 20_001}, False),
    ],
)
def test_arguments_must_be_of_the_declared_types(payload: dict[str, Any], passes: bool) -> None:
    assert (refusal(TAKE, payload) is None) is passes


@pytest.mark.parametrize(
    ("form", "passes"),
    [
        ([], True),
        ([["name", "Acme"], ["terms", "on"]], True),
        ([["name", "Acme"], ["name", "Other"]], True),
        ([["name", 3]], False),
        ([["name", {"a": "b"}]], False),
        ([["name", "x" * 20_001]], False),
        ([[["name"], "Acme"]], False),
        ([["name"]], False),
        (5, False),
        ("ab", False),
    ],
)
def test_a_form_passes_in_the_shape_that_browsers_send(form: Any, passes: bool) -> None:
    assert (refusal(SEND, {"form": {FORM_DATA_ENTRIES_KEY: form}}) is None) is passes


def test_no_client_may_set_a_variable_by_name() -> None:
    setter = f"{_Probe.get_full_name()}.setvar"
    assert setter in RegistrationContext.get().event_handlers
    assert refusal(setter, {"var_name": "amount", "value": 5})


def test_unknown_handlers_are_refused() -> None:
    assert refusal("nowhere.nothing", {})


def test_what_reflex_itself_needs_passes() -> None:
    names = RegistrationContext.get().event_handlers
    hydrate = [name for name in names if name.endswith((".hydrate", ".on_load_internal"))]
    assert hydrate
    assert all(refusal(name, {}) is None for name in hydrate)
