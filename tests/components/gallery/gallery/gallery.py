"""Every widget, on three pages: the shell with data, forms, and the states."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import reflex as rx

from components import (
    badges,
    base,
    buttons,
    code,
    fields,
    layout,
    overlays,
    shell,
    states,
    tables,
    theme,
)
from components import native_form as nf
from components.palette import PaletteItem
from components.public import auth_card, public_shell


@dataclass(frozen=True)
class DeviceRow:
    id: str
    serial: str
    user: str
    status: str
    seen: str
    seen_exact: str
    events: str


STATUSES = ["active", "quiet", "released"]
ALL = [
    DeviceRow(
        id=f"dev{n}",
        serial=f"SN-{n:05d}",
        user=f"{n:02x}a18f{n:04x}" * 4 + "2151",
        status=STATUSES[n % 3],
        seen=f"{n} min ago",
        seen_exact="21 Nov 2026, 14:03 UTC",
        events=f"{n * 137:,}",
    )
    for n in range(1, 60)
]


class GalleryState(rx.State):
    query: str = ""
    status: str = ""
    sort_by: str = "serial"
    descending: bool = False
    number: int = 1
    chosen: list[str] = []
    opened: str = ""
    asking: bool = False
    busy: bool = False
    found: list[PaletteItem] = []
    range: str = "30d"

    def _matching(self) -> list[DeviceRow]:
        rows = [
            r
            for r in ALL
            if self.query.lower() in r.serial.lower() and self.status in ("", r.status)
        ]
        return sorted(rows, key=lambda r: getattr(r, self.sort_by), reverse=self.descending)

    @rx.var
    def rows(self) -> list[DeviceRow]:
        return self._matching()[(self.number - 1) * 8 : self.number * 8]

    @rx.var
    def page(self) -> tables.PageInfo:
        return tables.PageInfo.of(self.number, 8, len(self._matching()))

    @rx.event
    def search(self, text: str) -> None:
        self.query, self.number = text, 1

    @rx.event
    def narrow(self, status: str) -> None:
        self.status, self.number = status, 1

    @rx.event
    def sort(self, key: str) -> None:
        self.descending = not self.descending if key == self.sort_by else False
        self.sort_by = key

    @rx.event
    def turn(self, number: int) -> None:
        self.number = number

    @rx.event
    def pick(self, row_id: str, checked: bool) -> None:
        self.chosen = [c for c in self.chosen if c != row_id] + ([row_id] if checked else [])

    @rx.event
    def pick_all(self, checked: bool) -> None:
        self.chosen = [r.id for r in self.rows] if checked else []

    @rx.event
    def open(self, row_id: str) -> None:
        self.opened = row_id

    @rx.event
    def close(self) -> None:
        self.opened = ""

    @rx.event
    def ask(self) -> None:
        self.asking = True

    @rx.event
    def cancel(self) -> None:
        self.asking = False

    @rx.event
    def confirm(self, form: dict) -> rx.event.EventSpec:
        self.asking = False
        return rx.toast.success(
            "Device released", description="SN-00001 can register again at any time."
        )

    @rx.event
    def find(self, text: str) -> None:
        self.found = [
            PaletteItem(r.serial, "Device", f"/?q={r.serial}", "Devices")
            for r in ALL
            if text.lower() in r.serial.lower()
        ][:5]


NAV = [
    shell.NavItem("dashboard", "Dashboard", "/", "layout-dashboard"),
    shell.NavItem("devices", "Devices", "/", "cpu", count="59"),
    shell.NavItem("revenue", "Revenue", "/", "trending-up"),
    shell.NavItem("invoices", "Invoices", "/", "receipt-text"),
    shell.NavItem("tokens", "Tokens", "/", "key-round"),
    shell.NavItem("forms", "Forms", "/forms", "text-cursor-input", section="Gallery"),
    shell.NavItem("states", "States", "/states", "circle-dashed", section="Gallery"),
    shell.NavItem("pieces", "Pieces", "/pieces", "puzzle", section="Gallery"),
]
ACCOUNT = shell.Account(
    "Acme Toys", "owner@acme.example.com", tenant="Acme Toys", settings_href="/forms"
)
SANDBOX = shell.SandboxBanner(
    "21 Nov 2026, 14:03 UTC", clock_href="/states", outside_href="http://localhost:4010"
)


def framed(*content: base.Content, title: str, current: str, **extra: Any) -> rx.Component:
    return shell.app_shell(
        *content,
        title=title,
        nav=NAV,
        current=current,
        account=ACCOUNT,
        sandbox=SANDBOX,
        search_results=GalleryState.found,
        on_search=GalleryState.find,
        **extra,
    )


COLUMNS = [
    tables.Column("serial", "Device", lambda r: r.serial, sortable=True, lead=True),
    tables.Column("user", "User", lambda r: code.identifier(r.user)),
    tables.Column("status", "Status", lambda r: badges.state_badge(r.status), sortable=True),
    tables.Column("events", "Events", lambda r: r.events, align="right", sortable=True),
    tables.Column(
        "seen", "Last active", lambda r: base.when_at(r.seen, r.seen_exact), wide_only=True
    ),
]


def index() -> rx.Component:
    s = GalleryState
    return framed(
        fields.filters(
            fields.search_box("Search devices", on_search=s.search, value=s.query),
            fields.filter_select(
                "Status",
                [("", "All states"), *[(x, x.capitalize()) for x in STATUSES]],
                value=s.status,
                on_change=s.narrow,
            ),
            end=buttons.link_button(
                "Export CSV", href="/export.csv", external=True, icon_name="download"
            ),
        ),
        tables.data_table(
            COLUMNS,
            s.rows,
            caption="Devices",
            sorting=tables.Sorting(s.sort_by, s.descending, s.sort),
            on_open=lambda r: s.open(r.id),
            open_id=s.opened,
            row_menu=lambda r: [
                buttons.MenuItem("Open", on_click=s.open(r.id), icon_name="panel-right-open"),
                buttons.MenuItem("Release", on_click=s.ask, icon_name="unplug", danger=True),
            ],
            picking=tables.Picking(
                s.chosen, s.pick, s.pick_all, buttons.button("Release", small=True, on_click=s.ask)
            ),
            empty=states.empty_state("No device matches", "Change the search or the filter."),
        ),
        tables.pager(s.page, on_page=s.turn),
        overlays.drawer(
            layout.facts(
                ("Device", s.opened),
                ("Status", badges.state_badge("active")),
                ("User", code.identifier("0a18f00d0a18f00d2151")),
            ),
            code.code_block(
                "curl -X POST https://turnpike.example.com/v1/vendor/devices/register",
                label="Shell",
            ),
            open=s.opened != "",
            on_close=s.close,
            title=s.opened,
            foot=buttons.button("Release", on_click=s.ask),
        ),
        overlays.confirm_dialog(
            open=s.asking,
            title="Release SN-00001?",
            text="It stops counting from the next hour. The user can register it again at any time.",
            verb="Release device",
            on_confirm=s.confirm,
            on_cancel=s.cancel,
            reason="optional",
        ),
        title="Devices",
        current="devices",
        subtitle="Every device your users have registered, with its last authority event.",
        action=buttons.button("Add device", kind="main", icon_name="plus", on_click=s.ask),
    )


def forms() -> rx.Component:
    return framed(
        layout.card(
            nf.native_form(
                nf.field(
                    "display_name",
                    "Display name",
                    help_text="Parents see it beside every device.",
                    default_value="Acme Toys",
                ),
                nf.field("email", "E-mail", type="email", error="This address is already in use."),
                nf.field("site", "Website", required=False, type="url", placeholder="https://"),
                nf.password_field(
                    "password",
                    "Password",
                    autocomplete="new-password",
                    help_text="At least 12 characters.",
                    min_length=12,
                ),
                nf.select_field("country", "Country", [("de", "Germany"), ("cn", "China")]),
                nf.textarea_field("notes", "Notes", required=False),
                fields.file_field(
                    "logo",
                    "Logo",
                    accept="image/png",
                    help_text="PNG, JPEG or WebP, at most 1 MiB.",
                    preview=rx.el.span("A", class_name="logo"),
                ),
                fields.radio_field(
                    "rail",
                    "How you pay",
                    [
                        ("stripe", "Card", "Charged on the 1st."),
                        ("alipay", "Alipay", "A PDF invoice with a pay link."),
                    ],
                    default="stripe",
                ),
                fields.checkbox_field(
                    "agree",
                    "I accept the terms of service",
                    help_text="Version of 1 November 2026",
                    required=True,
                ),
                rx.el.div(
                    buttons.button("Cancel"),
                    nf.submit_button("Save profile"),
                    class_name="form-acts",
                ),
                action="/auth/example",
                hidden={"next": "/vendor"},
            ),
            title="Profile",
            note="How your company appears.",
        ),
        layout.card(
            base.row(
                buttons.button("Main", kind="main"),
                buttons.button("Plain", icon_name="download"),
                buttons.button("Quiet", kind="quiet"),
                buttons.button("Delete vendor", kind="danger"),
                buttons.button("Saving", kind="main", busy=True),
                buttons.button("Not now", disabled=True),
                buttons.icon_button("refresh-cw", "Refresh"),
                buttons.copy_button("text to copy"),
            ),
            title="Buttons",
        ),
        title="Forms",
        current="forms",
    )


def states_page() -> rx.Component:
    return framed(
        layout.callout(
            "We will charge Visa ending 4242 on 1 December.", title="Invoice TP-2026-00042 is open"
        ),
        layout.callout(
            "Your devices keep working until 5 December.",
            tone="warn",
            title="Payment failed",
            action=buttons.button("Update card", small=True),
        ),
        layout.callout("The invoice was paid.", tone="good"),
        layout.callout("Registration refuses new devices.", tone="bad", title="14 days unpaid"),
        layout.card(base.row(*[badges.state_badge(s) for s in badges.STATES]), title="Badges"),
        layout.card(
            states.empty_state(
                "No device yet",
                "Devices appear here when your users register them.",
                icon_name="cpu",
                command="curl -X POST https://turnpike.example.com/v1/vendor/devices/register -d '{}'",
            ),
            flush=True,
        ),
        layout.card(
            states.error_state(
                "The invoices could not be loaded",
                kept="Nothing was changed. The payment provider does not answer.",
                request_id="req_0a18f00d",
                on_retry=GalleryState.cancel,
            ),
            flush=True,
        ),
        states.figures_skeleton(),
        states.table_skeleton(4, lines=3),
        layout.card(states.lines_skeleton(), title="Loading"),
        layout.card(states.forbidden_page(), flush=True),
        title="States",
        current="states",
    )


def signup() -> rx.Component:
    return public_shell(
        auth_card(
            nf.native_form(
                nf.field("email", "Work e-mail", type="email", autocomplete="email"),
                nf.password_field(
                    "password",
                    "Password",
                    autocomplete="new-password",
                    help_text="At least 12 characters. A sentence is fine.",
                    min_length=12,
                ),
                nf.submit_button("Create account", wide=True),
                action="/auth/signup",
            ),
            title="Create your vendor account",
            text="First device in half an hour. No card needed to look around.",
            foot=rx.fragment("Already registered? ", base.link("Log in", href="/")),
        ),
        links=[("Pricing", "/")],
        action=buttons.link_button("Log in", href="/"),
        foot=[("Terms", "/"), ("Data processing", "/")],
        sandbox=shell.SandboxBanner("21 Nov 2026, 14:03 UTC"),
    )


app = rx.App(
    stylesheets=theme.STYLESHEETS,
    head_components=theme.head(),
    toaster=theme.toaster(),
    html_lang="en",
    app_wraps=theme.APP_WRAPS,
)
app.add_page(index, route="/", title="Devices")
app.add_page(forms, route="/forms", title="Forms")
app.add_page(states_page, route="/states", title="States")
app.add_page(signup, route="/signup", title="Sign up")
