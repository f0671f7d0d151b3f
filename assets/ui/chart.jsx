// A chart is drawn at once as a still, in plain SVG, from the figure that Plotly will get. Plotly itself (350 KB) adds what
// happens under a pointer: it is mounted when one comes to the chart, or a little after one was seen on the page.
import { createElement as h, useEffect, useRef, useState } from "react";

const PATIENCE = 1500;
const COLOURS = [1, 2, 3, 4, 5, 6].map((number) => `var(--chart-${number})`);
const time = (value) => Date.parse(String(value).length === 10 ? `${value}T00:00:00Z` : `${String(value).replace(" ", "T")}Z`);
const percent = (share) => `${(share * 100).toFixed(3)}%`;

function Still({ figure }) {
  const { data = [], layout = {} } = figure || {};
  const { xaxis = {}, yaxis = {}, margin = {}, annotations = [], meta = {} } = layout;
  if (!xaxis.range || !yaxis.range) return null;
  const [from, to] = xaxis.range.map(time);
  const [low, high] = yaxis.range;
  const x = (value) => (time(value) - from) / (to - from || 1);
  const y = (value) => 1 - (value - low) / (high - low || 1);

  // Stacked bars of one chart name the same days, so what lies below one is the sum of those before it.
  const below = (at, index) =>
    layout.barmode === "stack" ? data.slice(0, at).reduce((sum, trace) => sum + (trace.y[index] || 0), 0) : 0;

  const bars = (trace, at) =>
    trace.x.map((day, index) => {
      const foot = below(at, index);
      const top = foot + trace.y[index];
      return h("rect", {
        key: `${at}.${index}`,
        x: 1000 * x(day) - (meta.bar || 0) / 2,
        y: 1000 * Math.min(y(top), y(foot)),
        width: meta.bar || 0,
        height: 1000 * Math.abs(y(top) - y(foot)),
        fill: COLOURS[at % COLOURS.length],
      });
    });

  const line = (trace, at) =>
    h("polyline", {
      key: at,
      points: trace.x.map((day, index) => `${1000 * x(day)},${1000 * y(trace.y[index])}`).join(" "),
      fill: "none",
      stroke: COLOURS[at % COLOURS.length],
      strokeWidth: 2,
      vectorEffect: "non-scaling-stroke",
      strokeLinejoin: "round",
    });

  const place = { left: margin.l, right: margin.r, top: margin.t, bottom: margin.b };
  return h(
    "div",
    { className: "still", style: place },
    (yaxis.tickvals || []).map((value, index) =>
      h("div", { key: index, className: "still-line", style: { top: percent(y(value)) } }, yaxis.showticklabels === false ? null : h("span", null, yaxis.ticktext?.[index])),
    ),
    (xaxis.tickvals || []).map((value, index) =>
      h("span", { key: index, className: "still-day", style: { left: percent(x(value)) } }, xaxis.ticktext?.[index]),
    ),
    h(
      "svg",
      { viewBox: "0 0 1000 1000", preserveAspectRatio: "none" },
      data.map((trace, at) => (trace.type === "bar" ? bars(trace, at) : line(trace, at))),
    ),
    annotations.map((note, index) =>
      note.xref === "paper"
        ? h("span", { key: index, className: "still-note" }, note.text)
        : h("span", { key: index, className: "still-name", style: { right: percent(1 - x(note.x)), bottom: percent(1 - y(note.y)) } }, note.text),
    ),
  );
}

export function Chart({ figure, children }) {
  const [alive, setAlive] = useState(false);
  const frame = useRef(null);
  const wake = () => setAlive(true);

  useEffect(() => {
    if (alive) return undefined;
    let timer = 0;
    let isInSight = false;
    let hasPointer = false;
    const rest = () => {
      clearTimeout(timer);
      if (isInSight && hasPointer) timer = setTimeout(() => (window.requestIdleCallback || setTimeout)(wake), PATIENCE);
    };
    // Only what is in sight is worth the work; the rest waits until it is scrolled to.
    const seen = new IntersectionObserver(([entry]) => {
      isInSight = entry.isIntersecting;
      rest();
    });
    const moved = (event) => {
      if (event.pointerType !== "mouse" || hasPointer) return;
      hasPointer = true;
      rest();
    };
    seen.observe(frame.current);
    addEventListener("pointermove", moved);
    return () => {
      clearTimeout(timer);
      seen.disconnect();
      removeEventListener("pointermove", moved);
    };
  }, [alive]);

  return h(
    "div",
    { ref: frame, className: "chart", "aria-hidden": true, onPointerEnter: wake, onTouchStart: wake },
    h(Still, { figure }),
    alive ? children : null,
  );
}
