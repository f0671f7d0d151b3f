"""The catalogue of actions, snippets that work when pasted, and a console to try one."""

from __future__ import annotations

import reflex as rx

from app.pages.registry import page
from app.pages.shell import agent_frame
from components.badges import badge
from components.base import quiet, row, split, stack, when
from components.buttons import link_button
from components.code import code_block
from components.layout import callout, card, facts
from components.native_form import state_form, submit_button, textarea_field
from components.states import block_skeleton, empty_state, loaded
from components.tables import Column, data_table
from state.agent.docs import DocsState
from state.shell import ShellState


@page("/agent/docs", title="Docs", audience="agent", on_load=[ShellState.load, DocsState.load])
def docs_page() -> rx.Component:
    """Show one action with its console, and all of them below."""
    state = DocsState
    return agent_frame(
        loaded(
            state.is_loaded,
            stack(
                split(_console(), stack(_about(), _snippets(), gap=6)),
                _params(),
                _catalogue(),
                gap=6,
            ),
            stack(block_skeleton(300), block_skeleton(), gap=6),
        ),
        title="Docs",
        current="docs",
        subtitle="Everything the agent can call. An agent reads the same at /llms.txt and in meta.actions.",
    )


def _about() -> rx.Component:
    one = DocsState.one
    return card(
        rx.el.p(one.text, class_name="prose"),
        facts(
            ("Name", rx.el.code(one.id, class_name="mono")),
            ("Scope", rx.el.code(one.scope, class_name="mono")),
            ("Costs", one.cost),
            ("Dry run", rx.cond(one.can_dry, "Yes", "No")),
        ),
        title="The action",
    )


def _console() -> rx.Component:
    state, one = DocsState, DocsState.one
    return card(
        state_form(
            rx.el.div(
                rx.el.label("Action", html_for="console-action"),
                rx.el.div(
                    rx.el.select(
                        rx.foreach(
                            state.actions,
                            lambda line: rx.el.option(line.id, value=line.id, key=line.id),
                        ),
                        name="action",
                        value=one.id,
                        on_change=state.choose,
                        class_name="input",
                        custom_attrs={"id": "console-action"},
                    ),
                    class_name="select",
                ),
                class_name="field",
            ),
            textarea_field(
                "params",
                "Params, as JSON",
                rows=10,
                required=False,
                default_value=state.typed,
                spell_check=False,
                key=one.id,
                field_id="console-params",
            ),
            rx.cond(
                one.can_dry,
                rx.el.label(
                    rx.el.input(
                        type="checkbox",
                        checked=state.is_dry,
                        on_change=state.set_dry,  # pyright: ignore[reportArgumentType]
                        class_name="mark",
                    ),
                    rx.el.span(
                        "Dry run",
                        rx.el.span("Only says what it would do.", class_name="help"),
                    ),
                    class_name="check",
                ),
            ),
            rx.cond(
                (one.cost == "Free") | state.is_dry,
                quiet("This counts as no call."),
                callout("A real run does what it says, and counts as a call.", tone="warn"),
            ),
            row(submit_button("Run")),
            on_submit=state.run,
            error=state.error,
        ),
        when(state.answer, _answer()),
        title="Try it",
    )


def _answer() -> rx.Component:
    state = DocsState
    return rx.el.div(
        row(
            rx.cond(
                state.status == "200",
                badge("HTTP 200", "good"),
                badge(rx.Var.create("HTTP ") + state.status, "bad"),
            ),
            quiet(state.took),
        ),
        code_block(state.answer, label="Answer", block_id="console-answer"),
        class_name="stack stack-2",
        role="status",
    )


def _snippets() -> rx.Component:
    state = DocsState
    return card(
        stack(
            code_block(state.curl, label="Shell"),
            code_block(state.python, label="Python"),
            code_block(state.mcp, label="MCP client"),
            quiet("Put one of your keys in the place of API_KEY."),
            row(link_button("Your keys", href="/agent/keys", small=True)),
        ),
        title="Call it",
    )


def _params() -> rx.Component:
    state = DocsState
    return card(
        data_table(
            [
                Column(
                    "path", "Param", lambda one: rx.el.code(one.path, class_name="mono"), lead=True
                ),
                Column("type", "Type", lambda one: one.type),
                Column("needed", "Needed", lambda one: one.needed),
                Column("rule", "Rule", lambda one: rx.cond(one.rule != "", one.rule, "–")),
            ],
            state.params,
            caption="Params",
            empty=empty_state("It takes no params", icon_name="braces"),
        ),
        title="Params",
        flush=True,
    )


def _catalogue() -> rx.Component:
    state = DocsState
    return card(
        data_table(
            [
                Column(
                    "id", "Action", lambda one: rx.el.code(one.id, class_name="mono"), lead=True
                ),
                Column("text", "What it does", lambda one: one.text),
                Column("scope", "Scope", lambda one: one.scope, wide_only=True),
                Column("cost", "Costs", lambda one: rx.el.span(one.cost, class_name="nowrap")),
                Column(
                    "dry", "Dry run", lambda one: rx.cond(one.can_dry, "Yes", "No"), wide_only=True
                ),
            ],
            state.actions,
            caption="Actions",
            row_href=lambda one: "/agent/docs?action=" + one.id,
            open_id=state.one.id,
        ),
        title="All actions",
        flush=True,
    )
