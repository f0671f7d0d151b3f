"""Every widget, on three pages: the shell with data, forms, and the states."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go
import reflex as rx
import reflex.model  # or the first event with a dictionary imports it while everybody waits

from components import (
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
    shell,
    states,
    tables,
    tabs,
    theme,
    timeline,
    wizard,
)
from components import native_form as nf
from components.palette import PaletteAnswer, PaletteItem
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


WHY = explain.WhyRow(
    "1,284",
    "active devices",
    "$2.50",
    "a device and month",
    "$3,210.00",
    "base fee",
    "A device counts when it had at least one authority event in the 30 days before the period ends.",
    "1 Nov 2026 to 1 Dec 2026",
    "Standard, from 1 Jan 2026",
)
EVENTS = [
    timeline.EventRow(
        "1",
        "Token vnd_8f3… was used from a new address",
        "203.0.113.7",
        "2 min ago",
        "21 Nov 2026, 14:03 UTC",
        "token",
        "warn",
    ),
    timeline.EventRow(
        "2",
        "Device SN-00001 registered",
        "by token vnd_8f3…",
        "5 min ago",
        "21 Nov 2026, 14:00 UTC",
        "device",
        "good",
        "/pieces",
    ),
    timeline.EventRow(
        "3",
        "Invoice TP-2026-00042 was issued",
        "",
        "1 Nov 2026",
        "1 Nov 2026, 00:04 UTC",
        "invoice",
        "",
    ),
    timeline.EventRow(
        "4",
        "Payment failed",
        "card declined",
        "1 Nov 2026",
        "1 Nov 2026, 00:05 UTC",
        "payment",
        "bad",
    ),
]
DAYS = [(f"2026-11-{day:02d}", 40 + (day * 37) % 23 + day * 3) for day in range(1, 30)]
SERIES = [
    charts.Series("Active", DAYS),
    charts.Series("Registered", [(d, v + 60) for d, v in DAYS]),
]


class GalleryState(rx.State):
    tab: str = "lines"
    brand: str = "Acme Toys"
    step: str = "brand"
    steps_done: list[str] = ["email", "terms"]

    @rx.var
    def figure(self) -> go.Figure:
        return charts.chart_figure(SERIES)

    @rx.var
    def bars(self) -> go.Figure:
        return charts.chart_figure([charts.Series("Registrations", DAYS, kind="bar")])

    @rx.var
    def nothing(self) -> go.Figure:
        return charts.chart_figure([charts.Series("Revenue", [(d, 0) for d, _ in DAYS])])

    @rx.var
    def chart_rows(self) -> list[charts.ChartRow]:
        return charts.chart_rows(SERIES)

    @rx.event
    def choose_range(self, key: str) -> None:
        self.range = key

    @rx.event
    def choose_tab(self, key: str) -> None:
        self.tab = key

    @rx.event
    def rename(self, text: str) -> None:
        self.brand = text

    @rx.event
    def go(self, key: str) -> None:
        self.step = key

    query: str = ""
    status: str = ""
    sort_by: str = "serial"
    descending: bool = False
    number: int = 1
    chosen: list[str] = []
    opened: str = ""
    asking: bool = False
    busy: bool = False
    answer: PaletteAnswer = PaletteAnswer()
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
        found = [r.serial for r in ALL if text.lower() in r.serial.lower()][:5]
        items = (PaletteItem(one, "Device", f"/?q={one}", "Devices") for one in found)
        self.answer = PaletteAnswer(text, tuple(items))


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
        search_answer=rx.Var.create(GalleryState.answer),
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
            reason="required",
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


def pieces() -> rx.Component:
    s = GalleryState
    return framed(
        figures.key_figures(
            figures.key_figure(
                "Active devices",
                "1,284",
                change=figures.trend("4.2 %", "up", against="October"),
                spark=figures.spark_path([4, 6, 5, 8, 9, 12, 11, 14]),
            ),
            figures.key_figure("Registered devices", "1,530", note="+12 today"),
            figures.key_figure(
                "Revenue share", "$2,310.40", change=figures.trend("$120.00", "down")
            ),
            figures.key_figure(
                "Estimated invoice",
                "$3,210.00",
                note="See how it is made up",
                href="/pieces",
                change=figures.trend("", "same"),
            ),
        ),
        charts.chart_card(
            "Active devices",
            s.figure,
            s.chart_rows,
            ["Day", "Active", "Registered"],
            summary="Active and registered devices a day.",
            range_value=s.range,
            on_range=s.choose_range,
        ),
        base.grid(
            charts.chart_card(
                "Registrations",
                s.bars,
                s.chart_rows,
                ["Day", "Active", "Registered"],
                summary="Registrations a day.",
            ),
            charts.chart_card(
                "Pro revenue", s.nothing, [], ["Day", "Revenue"], summary="Pro revenue a day."
            ),
            cell=420,
        ),
        layout.card(
            explain.why_amount(
                WHY,
                evidence=tables.data_table(
                    COLUMNS[:2] + COLUMNS[3:4], s.rows, caption="Devices counted"
                ),
                pages=tables.pager(s.page, on_page=s.turn),
            )
        ),
        layout.section(
            "History", layout.card(timeline.timeline(EVENTS)), action=badges.live_dot(True)
        ),
        layout.card(
            tabs.tabs(
                "Invoice",
                [("lines", "Lines"), ("payments", "Payments"), ("history", "History")],
                value=s.tab,
                on_change=s.choose_tab,
            ),
            tabs.tab_panel("lines", rx.el.p("Lines of the invoice"), value=s.tab),
            tabs.tab_panel("payments", rx.el.p("No payment yet"), value=s.tab),
            tabs.tab_panel("history", rx.el.p("Issued"), value=s.tab),
        ),
        tabs.link_tabs(
            "Settings",
            [("profile", "Profile", "/pieces"), ("security", "Security", "/pieces")],
            current="profile",
        ),
        code.secret("vnd_8f3a91c2d4e5f60718293a4b5c6d7e8f90123456789", label="Vendor token"),
        wizard.waiting_panel(
            False,
            waiting_title="Waiting for your first device",
            waiting=rx.el.p("Run the command above; this turns green by itself."),
            arrived_title="Your first device is here",
            arrived_content=rx.el.p("SN-0001"),
        ),
        wizard.waiting_panel(
            True,
            waiting_title="Waiting",
            waiting="",
            arrived_title="Your first device is here",
            arrived_content=rx.el.p("SN-0001 registered a moment ago."),
        ),
        tables.simple_table(
            [("Fact", "left"), ("Amount", "right")],
            [["Base fee", "$10.00"], ["Tax", "$0.00"]],
            caption="Totals",
        ),
        fields.progress("Tenants billed", 40, 100),
        title="Pieces",
        current="pieces",
        subtitle="Figures, charts, explanations, history.",
    )


def onboarding() -> rx.Component:
    s = GalleryState
    return framed(
        wizard.wizard(
            [
                ("email", "Confirm e-mail"),
                ("terms", "Terms"),
                ("brand", "Branding"),
                ("payment", "Payment"),
                ("token", "Token"),
            ],
            layout.card(
                nf.native_form(
                    nf.field("display_name", "Display name", value=s.brand, on_change=s.rename),
                    fields.file_field(
                        "logo",
                        "Logo",
                        accept="image/png,image/jpeg,image/webp",
                        help_text="PNG, JPEG or WebP, at most 1 MiB.",
                        preview=branding.brand_logo(s.brand, ""),
                    ),
                    rx.el.div(
                        buttons.button("Back", on_click=s.go("terms")),
                        nf.submit_button("Continue"),
                        class_name="form-acts",
                    ),
                    action="/vendor/branding",
                    upload=True,
                ),
                title="Your brand",
            ),
            branding.brand_preview(s.brand, ""),
            current=s.step,
            done=s.steps_done,
            on_go=s.go,
            why="Parents see this name and logo in their device list and activity feed, so that they know whose toy acts.",
        ),
        title="Set up",
        current="dashboard",
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
app.add_page(pieces, route="/pieces", title="Pieces")
app.add_page(onboarding, route="/onboarding", title="Set up")
