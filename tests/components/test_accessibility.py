"""What keyboards and screen readers rely on is in the markup."""

from __future__ import annotations

import json
import re

from components import badges, buttons, code, figures, overlays, shell, tables, tabs, wizard
from components import native_form as nf

from .conftest import ThingRow, WidgetState

S = WidgetState
NAV = [shell.NavItem("a", "A", "/a", "box"), shell.NavItem("b", "B", "/b", "box")]


def framed() -> str:
    account = shell.Account("Acme Toys", "owner@acme.example.com")
    return str(shell.app_shell("x", title="A", nav=NAV, current="b", account=account))


def test_only_the_current_place_is_marked() -> None:
    page = framed()
    assert page.count('"aria-current":"page"') == 1
    assert re.search(r'"aria-current":"page"[^)]*to:"/b"', page)


def test_the_frame_has_a_skip_link_before_everything_and_its_target() -> None:
    page = framed()
    assert page.index('href:"#content"') < page.index("nav")
    assert 'jsx("main",{className:"main",id:"content"' in page


def test_logging_out_is_a_form_that_posts() -> None:
    assert re.search(r'jsx\("form",\{action:"/auth/logout",id:"log-out",method:"post"', framed())


def test_an_icon_button_has_a_name() -> None:
    assert '"aria-label":"Close"' in str(buttons.icon_button("x", "Close"))


def test_a_field_names_its_label_its_help_and_its_error() -> None:
    made = str(nf.field("email", "E-mail", help_text="We write here.", error=S.text))
    assert 'htmlFor:"field-email"' in made
    assert '"aria-describedby":"field-email-help field-email-error field-email-said"' in made
    for part in ("help", "error", "said"):
        assert f'id:"field-email-{part}"' in made


def test_a_field_with_a_known_error_is_invalid() -> None:
    assert '"aria-invalid":"true"' in str(nf.field("email", "E-mail", error="In use."))
    assert "aria-invalid" not in str(nf.field("email", "E-mail"))


def test_a_sorted_column_says_its_order() -> None:
    columns = [tables.Column("name", "Name", lambda row: row.name, sortable=True, lead=True)]
    rows = [ThingRow("1", "Bear", "")]
    made = str(
        tables.data_table(columns, rows, caption="T", sorting=tables.Sorting("name", True, S.take))
    )
    assert "aria-sort" in made
    assert "descending" in made


def test_a_phone_card_names_each_value() -> None:
    columns = [
        tables.Column("name", "Name", lambda row: row.name, lead=True),
        tables.Column("amount", "Amount", lambda row: row.amount),
    ]
    assert '"data-label":"Amount"' in str(
        tables.data_table(columns, [ThingRow("1", "Bear", "")], caption="T")
    )


def test_a_confirmation_starts_on_cancel_and_says_the_verb() -> None:
    made = str(
        overlays.confirm_dialog(
            open=S.flag,
            title="Revoke?",
            text="At once.",
            verb="Revoke token",
            on_confirm=S.send,
            on_cancel=S.act,
        )
    )
    cancel = re.search(
        r'jsx\("button",\{[^}]*"data-first-focus":"true"[^}]*\}.{0,200}?"Cancel"', made, re.DOTALL
    )
    assert cancel
    assert made.index("Cancel") < made.index("Revoke token")
    assert 'role:"alertdialog"' in made


def test_a_step_says_in_words_how_far_it_is() -> None:
    made = str(wizard.step_rail([("a", "A")], current=S.text, done=S.chosen, on_go=S.take))
    for word in ("done", "current", "to come"):
        assert f'"{word}"' in made


def test_a_trend_says_its_direction_in_a_word() -> None:
    assert '"down "' in str(figures.trend("4 %", "down"))


def test_a_chosen_tab_is_the_one_that_tab_reaches() -> None:
    made = str(tabs.tabs("T", [("a", "A"), ("b", "B")], value="b", on_change=S.take))
    reached = re.findall(r'"aria-selected":"(\w+)".*?tabIndex:(-?\d)', made)
    assert reached == [("false", "-1"), ("true", "0")]


def test_an_identifier_keeps_the_whole_in_its_title() -> None:
    made = str(code.identifier("d481ea00112233442624"))
    assert 'title:"d481ea00112233442624"' in made
    assert json.dumps("d481ea…2624") in made


def test_a_badge_never_speaks_by_colour_alone() -> None:
    for state, (word, _) in badges.STATES.items():
        assert f'"{word}"' in str(badges.state_badge(state))
