"""Charts on Plotly's basic bundle: our colours, no frame, direct labels, and the same numbers as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import plotly.graph_objects as go
import plotly.io as pio
import reflex as rx

from components import words as w
from components.base import Content, Handler, Text, heading, is_given, quiet
from components.chart_scale import HEIGHT, Series, amount, chart_scale, day_word
from components.fields import filter_select
from components.tabs import segmented

RANGES: Final = [("7d", "7 d"), ("30d", "30 d"), ("90d", "90 d"), ("12m", "12 m")]
"""The ranges every chart offers, as (key, word)."""

_LABEL_SHARE: Final = 9
"""How much of the height of a chart a label takes, in percent."""

pio.templates.default = "none"
"""Plotly's own looks are never seen here, and cost a tenth of a second at every start."""

_FONT: Final = '"Inter Variable", system-ui, sans-serif'


@dataclass(frozen=True)
class ChartRow:
    """One line of the table behind a chart."""

    label: str
    cells: list[str] = field(default_factory=list)


def chart_figure(
    series: Sequence[Series],
    *,
    prefix: str = "",
    per_unit: int = 1,
    empty: str = w.NO_DATA,
    stacked: bool = False,
) -> go.Figure:
    """Build the figure from plain rows; call it in the state. Colours come from the page's theme, not from here.

    `per_unit` says how many make one of what is shown: 1,000,000 turns micros into units, with `prefix` as their sign.
    `stacked` puts bars on top of each other; all their series then name the same days.
    """
    scale = chart_scale(series, prefix=prefix, per_unit=per_unit, stacked=stacked)
    figure = go.Figure(layout=scale.layout())
    # An empty range keeps its axes and says so; a line along zero would look like a measurement.
    for one in series if not scale.is_empty else ():
        points = {
            "x": [day for day, _ in one.points],
            "y": [value for _, value in one.points],
            "text": [amount(value, prefix, per_unit) for _, value in one.points],
            "name": one.name,
            "hovertemplate": f"%{{text}} {one.name}<extra></extra>",
        }
        if one.kind == "bar":
            figure.add_bar(**points, textposition="none")
        else:
            figure.add_scatter(**points, mode="lines", line={"width": 2})
    if scale.is_empty:
        figure.add_annotation(text=empty, xref="paper", yref="paper", x=0.5, y=0.5, showarrow=False)
    elif 1 < len(series) <= 3 and not scale.has_bars:
        # Direct labels at the last point instead of a legend; bars would lie under them.
        label = {"showarrow": False, "xanchor": "right", "yanchor": "bottom", "yshift": 4}
        for one, height in _label_heights(series, scale.marks[-1] - scale.marks[0]):
            figure.add_annotation(x=one.points[-1][0], y=height, text=one.name, **label)
    return figure


def _label_heights(series: Sequence[Series], span: int) -> list[tuple[Series, int]]:
    """Give each label its height: that of its last point, or as much above the label below it as a line needs."""
    placed: list[tuple[Series, int]] = []
    for one in sorted(series, key=lambda each: each.points[-1][1]):
        lowest = placed[-1][1] + span * _LABEL_SHARE // 100 if placed else one.points[-1][1]
        placed.append((one, max(lowest, one.points[-1][1])))
    return placed


def chart_rows(series: Sequence[Series], *, prefix: str = "", per_unit: int = 1) -> list[ChartRow]:
    """Give the same numbers as lines of a table, newest first; call it in the state."""
    days = sorted({day for one in series for day, _ in one.points}, reverse=True)
    by_series = [dict(one.points) for one in series]
    return [
        ChartRow(
            day_word(day), [amount(values.get(day, 0), prefix, per_unit) for values in by_series]
        )
        for day in days
    ]


def _template(
    text: str, line: str, ground: str, surface: str, colours: list[str]
) -> go.layout.Template:
    axis = {
        "gridcolor": line,
        "zerolinecolor": line,
        "zerolinewidth": 1,
        "linecolor": line,
        "spikecolor": line,
        "spikethickness": 1,
        "spikedash": "solid",
    }
    return go.layout.Template(
        layout={
            "font": {"family": _FONT, "size": 12, "color": text},
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": ground,
            "colorway": colours,
            "xaxis": axis,
            "yaxis": axis,
            "hoverlabel": {
                "bgcolor": surface,
                "bordercolor": line,
                "font": {"family": _FONT, "color": text},
            },
        }
    )


_LIGHT = _template(
    "#60646c",
    "#e0e1e6",
    "#ffffff",
    "#ffffff",
    ["#3e63dd", "#30a46c", "#ab6400", "#0d74ce", "#8347b9", "#80838d"],
)
_DARK = _template(
    "#b0b4ba",
    "#2e3135",
    "#18191b",
    "#212225",
    ["#849dff", "#30a46c", "#ffca16", "#70b8ff", "#d19dff", "#696e77"],
)


class _Chart(rx.Component):
    library = "$/public/ui/chart.jsx"
    tag = "Chart"

    figure: rx.Var[go.Figure]


def plot(figure: Any) -> rx.Component:
    """Draw a figure in the colours of the theme: a still at once, Plotly when somebody turns to it."""
    template = rx.color_mode_cond(light=rx.Var.create(_LIGHT), dark=rx.Var.create(_DARK))
    return _Chart.create(
        rx.plotly.basic(
            data=figure,
            template=template.to(go.layout.Template),  # pyright: ignore[reportAttributeAccessIssue]
            config={"displayModeBar": False, "responsive": True},
            style={"width": "100%", "height": f"{HEIGHT}px"},
        ),
        figure=figure,
    )


def chart_card(
    title: Text,
    figure: Any,
    rows: Any,
    heads: Sequence[str] | rx.Var,
    *,
    summary: Text,
    note: Text = "",
    range_value: Text | None = None,
    on_range: Handler = None,
    tools: Content | None = None,
) -> rx.Component:
    """Frame a chart with its range switch and its table.

    `rows` are `ChartRow`s, `heads` name the first column and each series; the state may hold them. `summary` says in a sentence what the chart
    shows, for those who do not see it. The table switch is the browser's alone: nothing is asked of the server.
    """
    switches: list[Content] = []
    if range_value is not None:
        switches.append(segmented(w.RANGE, RANGES, value=range_value, on_change=on_range))
    switches.append(
        rx.el.label(
            rx.el.input(type="checkbox", class_name="sr-only as-table", role="switch"),
            rx.el.span(w.AS_TABLE),
            class_name="btn btn-plain btn-small",
        )
    )
    return rx.el.section(
        rx.el.div(
            rx.el.div(heading(title, size=14), quiet(note) if is_given(note) else rx.fragment()),
            _keys(heads),
            rx.el.div(*([tools] if tools is not None else []), *switches, class_name="chart-tools"),
            class_name="chart-head",
        ),
        rx.el.figure(
            rx.el.figcaption(summary, class_name="sr-only"),
            plot(figure),
            class_name="chart-drawing",
        ),
        _numbers(title, rows, heads),
        class_name="card",
    )


def currency_switch(options: Any, value: Text, on_change: Handler) -> rx.Component:
    """Choose whose money a chart shows, where users paid in more than one; a tool of `chart_card`."""
    return rx.cond(  # pyright: ignore[reportReturnType]
        options.to(list[tuple[str, str]]).length() > 0,
        filter_select(w.CURRENCY, options, value=value, on_change=on_change),
    )


def _keys(heads: Sequence[str] | rx.Var) -> rx.Component:
    """Name the colours of bars, which have no room for words beside them; a single one needs no name."""
    if isinstance(heads, rx.Var):
        names = heads.to(list[str])
        keys = rx.foreach(
            names[1:],
            lambda name, at: rx.el.li(
                name,
                class_name="chart-key chart-key-" + (at + 1).to_string(),
                key=name,
            ),
        )
        return rx.cond(names.length() > 2, rx.el.ul(keys, class_name="chart-keys"))  # pyright: ignore
    if len(heads) <= 2:
        return rx.fragment()
    return rx.el.ul(
        *[
            rx.el.li(name, class_name=f"chart-key chart-key-{at}")
            for at, name in enumerate(heads[1:], 1)
        ],
        class_name="chart-keys",
    )


def _head_cells(heads: Sequence[str] | rx.Var) -> list[rx.Component]:
    if isinstance(heads, rx.Var):
        return [
            rx.foreach(
                heads.to(list[str]),
                lambda head, at: rx.el.th(
                    head, scope="col", class_name=rx.cond(at > 0, "right", ""), key=head
                ),
            )
        ]  # pyright: ignore[reportReturnType]
    return [
        rx.el.th(head, scope="col", class_name="right" if at else "")
        for at, head in enumerate(heads)
    ]


def _numbers(title: Text, rows: Any, heads: Sequence[str] | rx.Var) -> rx.Component:
    def line(row: Any) -> rx.Component:
        cells = rx.foreach(row.cells, lambda value: rx.el.td(value, class_name="right num"))
        return rx.el.tr(rx.el.th(row.label, scope="row"), cells, key=row.label)

    return rx.el.div(
        rx.el.table(
            rx.el.caption(title, class_name="sr-only"),
            rx.el.thead(rx.el.tr(*_head_cells(heads))),
            rx.el.tbody(rx.foreach(rx.Var.create(rows).to(list[ChartRow]), line)),
            class_name="table",
        ),
        class_name="chart-table",
        tab_index=0,
        role="region",
        custom_attrs={"aria-label": title},
    )
