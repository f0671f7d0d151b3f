"""Every widget renders, from constants and from what a state holds."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable
from typing import Any

import pytest
import reflex as rx

import components
from components import (
    activity,
    badges,
    base,
    branding,
    buttons,
    charts,
    code,
    explain,
    fields,
    figures,
    layout,
    overlays,
    palette,
    public,
    shell,
    states,
    tables,
    tabs,
    theme,
    theme_switch,
    ticker,
    timeline,
    tokens,
    wizard,
)
from components import native_form as nf
from components.brand import brand, mark

from .conftest import Rendered, ThingRow, TokensDeskState, WidgetState

S = WidgetState
T = TokensDeskState
SAID = tokens.TokenWords(
    "key", "Keys", "Why.", "Here", "Stops ({label}) now.", "Store it.", "Try it."
)
NAV = [shell.NavItem("things", "Things", "/things", "box", count="3")]
ACCOUNT = shell.Account(S.text, S.text, tenant=S.text, settings_href="/settings")
COLUMNS = [
    tables.Column("name", "Name", lambda row: row.name, lead=True, sortable=True),
    tables.Column("amount", "Amount", lambda row: row.amount, align="right", wide_only=True),
]
WHY = explain.WhyRow(
    "2", "devices", "$2.50", "each", "$5.00", "base fee", "Rule.", "Nov", "Standard"
)

WIDGETS: dict[str, Callable[[], rx.Component]] = {
    "app_shell": lambda: shell.app_shell(
        "content",
        title="Things",
        nav=NAV,
        current="things",
        account=ACCOUNT,
        sandbox=shell.SandboxBanner(S.text, "/ops/clock", "/outside", S.flag),
        subtitle=S.text,
        action=buttons.button("Add"),
        search_answer=rx.Var.create(S.answer),
        on_search=S.take,
    ),
    "sandbox_strip": lambda: shell.sandbox_strip(shell.SandboxBanner("1 Dec 2026")),
    "skip_link": shell.skip_link,
    "live_region": shell.live_region,
    "public_shell": lambda: public.public_shell(
        "content", links=[("Pricing", "/pricing")], foot=[("Terms", "/terms/tos")]
    ),
    "auth_card": lambda: public.auth_card("form", title="Log in", text=S.text, foot="No account?"),
    "brand": brand,
    "activity_bars": lambda: activity.activity_bars(S.rows, days=30, summary="s"),
    "ticker": lambda: ticker.ticker(S.act),
    "mark": mark,
    "command_palette": lambda: palette.command_palette(
        [], answer=rx.Var.create(S.answer), on_search=S.take
    ),
    "theme_menu": theme_switch.theme_menu,
    "toaster": theme.toaster,
    "broken": lambda: theme.broken(rx.Var("error")),
    "icon": lambda: base.icon("box", label="Box"),
    "link": lambda: base.link("here", href=S.text),
    "stack": lambda: base.stack("a", "b", gap=2),
    "row": lambda: base.row("a", between=True),
    "grid": lambda: base.grid("a", cell=300),
    "split": lambda: base.split("a", "b"),
    "quiet": lambda: base.quiet("a"),
    "heading": lambda: base.heading(S.text, level=3, size=14),
    "when_at": lambda: base.when_at("2 min ago", "21 Nov 2026, 14:03 UTC"),
    "when": lambda: base.when(S.text, rx.el.p("shown")),
    "card": lambda: layout.card("a", title=S.text, note="n", action="b", foot="c"),
    "callout": lambda: layout.callout("a", tone="warn", title="t", action="b", live=True),
    "facts": lambda: layout.facts(("name", S.text), ("other", "value")),
    "prose": lambda: layout.prose(rx.el.p("a")),
    "section": lambda: layout.section("t", "a", note="n", action="b"),
    "button": lambda: buttons.button(
        "Go", on_click=S.act, kind="main", busy=S.flag, disabled=S.flag
    ),
    "link_button": lambda: buttons.link_button(
        "CSV", href="/x.csv", external=True, icon_name="download"
    ),
    "icon_button": lambda: buttons.icon_button("x", "Close", on_click=S.act),
    "copy_button": lambda: buttons.copy_button(S.text),
    "menu": lambda: buttons.menu(
        "m",
        "More",
        [buttons.MenuItem("a", on_click=S.act, shown=S.flag), buttons.MenuItem("b", href="/b")],
    ),
    "state_badge": lambda: badges.state_badge(S.text),
    "badge": lambda: badges.badge(S.text, "good", dot=False),
    "live_dot": lambda: badges.live_dot(S.flag),
    "native_form": lambda: nf.native_form(
        "a", action="/auth/x", hidden={"next": S.text}, upload=True
    ),
    "state_form": lambda: nf.state_form("a", on_submit=S.send, error=S.text),
    "form_error": nf.form_error,
    "hidden_field": lambda: nf.hidden_field("a", S.text),
    "field": lambda: nf.field("a", "A", help_text="h", error=S.text, required=False, mono=True),
    "password_field": lambda: nf.password_field("p", "P", autocomplete="new-password"),
    "select_field": lambda: nf.select_field("c", "C", [("de", "Germany")], error="wrong"),
    "select": lambda: nf.select(rx.Var.create([("de", "Germany")])),
    "textarea_field": lambda: nf.textarea_field("t", "T", rows=2),
    "submit_button": lambda: nf.submit_button("Save", busy=S.flag),
    "checkbox_field": lambda: fields.checkbox_field("c", "C", help_text="h", required=True),
    "radio_field": lambda: fields.radio_field(
        "r", "R", [("a", "A", "help"), ("b", "B", "")], default="a"
    ),
    "file_field": lambda: fields.file_field(
        "f", "F", accept="image/png", help_text="PNG", preview="x"
    ),
    "search_box": lambda: fields.search_box("Search", on_search=S.take, value=S.text),
    "filter_select": lambda: fields.filter_select(
        "State", [("", "All")], value=S.text, on_change=S.take
    ),
    "filters": lambda: fields.filters("a", end="b"),
    "progress": lambda: fields.progress("Billed", 4, 10),
    "data_table": lambda: tables.data_table(
        COLUMNS,
        S.rows,
        caption="Things",
        sorting=tables.Sorting(S.text, S.flag, S.take),
        on_open=lambda row: S.take(row.id),
        open_id=S.text,
        row_menu=lambda row: [buttons.MenuItem("Open", on_click=S.take(row.id))],
        picking=tables.Picking(S.chosen, S.pick, S.pick_all, "acts"),
        loading=S.flag,
        busy=S.flag,
        foot=["Total", "$5.00"],
    ),
    "pager": lambda: tables.pager(S.page, on_page=S.turn),
    "simple_table": lambda: tables.simple_table(
        [("A", "left"), ("B", "right")], [["1", "2"]], caption="C"
    ),
    "drawer": lambda: overlays.drawer("a", open=S.flag, on_close=S.act, title=S.text, foot="b"),
    "confirm_dialog": lambda: overlays.confirm_dialog(
        open=S.flag,
        title=S.text,
        text="Gone at once.",
        verb="Revoke",
        on_confirm=S.send,
        on_cancel=S.act,
        reason="required",
        error=S.text,
        busy=S.flag,
        extra="more",
    ),
    "dialog": lambda: overlays.dialog("a", open=S.flag, title="T", on_close=S.act, text="x"),
    "bone": lambda: states.bone(width="50%"),
    "figures_skeleton": states.figures_skeleton,
    "table_skeleton": lambda: states.table_skeleton(3),
    "lines_skeleton": states.lines_skeleton,
    "block_skeleton": states.block_skeleton,
    "loaded": lambda: states.loaded(S.flag, rx.el.p("a"), states.lines_skeleton()),
    "empty_state": lambda: states.empty_state("None", "text", action="b", command=S.text),
    "error_state": lambda: states.error_state(
        "Broken", kept="k", request_id=S.text, on_retry=S.act
    ),
    "forbidden_page": states.forbidden_page,
    "missing_page": states.missing_page,
    "identifier": lambda: code.identifier(S.text),
    "code_block": lambda: code.code_block(S.text, label="Shell", block_id="c"),
    "secret": lambda: code.secret(S.text, label="Token"),
    "key_figure": lambda: figures.key_figure(
        "A",
        S.text,
        note="n",
        change=figures.trend("1", S.text),
        spark=S.text,
        href="/why",
        testid="a",
    ),
    "key_figures": lambda: figures.key_figures(figures.key_figure("A", "1")),
    "trend": lambda: figures.trend("4 %", "down", better="down", against="October"),
    "sparkline": lambda: figures.sparkline("M0 0"),
    "segmented": lambda: tabs.segmented("Range", charts.RANGES, value=S.text, on_change=S.take),
    "tabs": lambda: tabs.tabs("T", [("a", "A")], value=S.text, on_change=S.take),
    "tab_panel": lambda: tabs.tab_panel("a", "x", value=S.text),
    "link_tabs": lambda: tabs.link_tabs("T", [("a", "A", "/a")], current="a"),
    "timeline": lambda: timeline.timeline([timeline.EventRow("1", "Registered", mark="device")]),
    "wizard": lambda: wizard.wizard(
        [("a", "A"), ("b", "B")], "x", current=S.text, done=S.chosen, on_go=S.take, why="because"
    ),
    "step_rail": lambda: wizard.step_rail(
        [("a", "A")], current=S.text, done=S.chosen, on_go=S.take
    ),
    "waiting_panel": lambda: wizard.waiting_panel(
        S.flag, waiting_title="W", waiting="w", arrived_title="A", arrived_content="a"
    ),
    "why_amount": lambda: explain.why_amount(WHY, evidence="table", pages="pager"),
    "arithmetic": lambda: explain.arithmetic(WHY),
    "brand_preview": lambda: branding.brand_preview(S.text, S.text),
    "brand_logo": lambda: branding.brand_logo("Acme", "/logo.png"),
    "parent_devices": lambda: branding.parent_devices("Acme", ""),
    "parent_feed": lambda: branding.parent_feed("Acme", ""),
    "currency_switch": lambda: charts.currency_switch(
        rx.Var.create([("USD", "USD"), ("CNY", "CNY")]), S.text, S.take
    ),
    "token_table": lambda: tokens.token_table(T, SAID),
    "create_button": lambda: tokens.create_button(T, SAID),
    "token_drawer": lambda: rx.fragment(
        rx.foreach(
            T.rows,
            lambda row: tokens.token_drawer(T, row, SAID, lambda one: [("Label", one.label)]),
        )
    ),
    "token_dialogs": lambda: tokens.token_dialogs(T, SAID, [("0", "None")], ["more"]),
    "chart_card": lambda: charts.chart_card(
        "A",
        charts.chart_figure([]),
        [],
        ["Day", "A"],
        summary="s",
        range_value=S.text,
        on_range=S.take,
    ),
    "plot": lambda: charts.plot(charts.chart_figure([])),
}


@pytest.mark.parametrize("name", WIDGETS)
def test_a_widget_renders(name: str, js: Rendered) -> None:
    assert "jsx(" in js(WIDGETS[name]())


def test_every_public_widget_is_rendered_here() -> None:
    """A new widget is covered by being added above; this names the one that was forgotten."""
    made = set()
    for module in pkgutil.iter_modules(components.__path__):
        loaded = importlib.import_module(f"components.{module.name}")
        for name, value in vars(loaded).items():
            public_function = inspect.isfunction(value) and value.__module__ == loaded.__name__
            if public_function and not name.startswith("_"):
                returns = inspect.signature(value).return_annotation
                made |= {name} if returns == "rx.Component" else set()
    assert made == set(WIDGETS)


def test_no_widget_is_a_radix_themes_component() -> None:
    """One of them would add its 700 KB stylesheet to every page."""
    from reflex_components_radix.themes.base import RadixThemesComponent

    def parts(component: Any) -> list[Any]:
        return [component, *[one for child in component.children for one in parts(child)]]

    for make in WIDGETS.values():
        assert not [one for one in parts(make()) if isinstance(one, RadixThemesComponent)]


def test_a_row_of_constants_fills_a_table(js: Rendered) -> None:
    table = tables.data_table(COLUMNS, [ThingRow("1", "Bear", "$2.50")], caption="Things")
    assert "Bear" in js(table)
