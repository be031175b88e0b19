// Lines over time by uPlot, in the page's colours, and small ones in SVG.

import uPlot from "./vendor/uPlot.esm.js";
import { el, svg } from "./dom.js";

/** A colour of the page's as a canvas takes it: light or dark is decided. */
function colour(name) {
  const probe = document.body.appendChild(el("span"));
  probe.style.color = `var(${name})`;
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

/** Ticks of an axis of time, in UTC: times within two days, days otherwise. */
function times(chart, seconds) {
  const range = chart.scales.x.max - chart.scales.x.min;
  const [from, to] = seconds[1] - seconds[0] < 60 ? [11, 19] : range <= 172_800 ? [11, 16] : [0, 10];
  return seconds.map((at) => new Date(at * 1000).toISOString().slice(from, to));
}

/** All of the data, and of a single point the day around it: the bounds that uPlot gives for one are years apart. */
function around({ data: [x] }) {
  const low = x.at(0) ?? null, high = x.at(-1) ?? null;
  return low !== null && low === high ? [low - 43_200, high + 43_200] : [low, high];
}

/** The x of a chart of days. */
export const DAYS = { incrs: [1, 2, 7, 14, 28].map((days) => days * 86_400), values: (_, seconds) => seconds.map((at) => new Date(at * 1000).toISOString().slice(5, 10)) };

/**
 * A chart of series [{label, colour: 1..6, dash, points, value(v)}] over x in seconds, or over whatever `x` says.
 * Returns {element, set(data), stop()}.
 */
export function lines({ label, series, data, height = 160, range, x = {}, step = false }) {
  const legend = el("ul", { class: "legend" }, series.map((one) =>
    el("li", {}, svg("svg", { viewBox: "0 0 14 4", class: `swatch line-${one.colour}`, "aria-hidden": "true" },
      svg("line", { x1: 0, x2: 14, y1: 2, y2: 2, "stroke-dasharray": one.dash ? "4 2" : null })), one.label)));
  const plot = el("div", { class: "plot", role: "img", "aria-label": label });
  const element = el("div", { class: "chart" }, series.length > 1 && legend, plot);
  let chart, current = data, width = 0;

  function make() {
    chart?.destroy();
    const axis = { stroke: colour("--muted"), grid: { stroke: colour("--grid"), width: 1 }, ticks: { show: false }, font: "11px system-ui, sans-serif" };
    chart = new uPlot({
      width, height,
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
      legend: { show: false },
      cursor: { drag: { x: false, y: false }, points: { size: 5 } },
      padding: [8, 26, 0, 0],
      scales: { x: { time: x.time ?? true, range: x.range ?? around }, y: { range: range ?? ((_, __, high) => [0, high > 0 ? high * 1.1 : 1]) } },
      axes: [
        { ...axis, values: x.values ?? times, incrs: x.incrs, space: x.space ?? 76, size: 24, gap: 4 },
        { ...axis, size: 46, gap: 4, space: 28, values: x.yValues },
      ],
      series: [{}, ...series.map((one) => ({
        label: one.label, stroke: colour(`--line-${one.colour}`), width: 1.75, dash: one.dash && [6, 4],
        spanGaps: true, points: { show: one.points ?? false, size: 4, fill: colour(`--line-${one.colour}`) },
        fill: one.fill && colour(`--fill-${one.colour}`), paths: step ? uPlot.paths.stepped({ align: 1 }) : undefined,
      }))],
    }, current, plot);
  }

  const sized = new ResizeObserver(([entry]) => {
    const now = Math.floor(entry.contentRect.width);
    if (!now || now === width) return;
    width = now;
    if (chart) chart.setSize({ width, height });
    else make();
  });
  sized.observe(plot);
  const recolour = () => chart && make();
  document.addEventListener("colours", recolour);
  return {
    element,
    set(found, said) {
      current = found;
      if (said) plot.setAttribute("aria-label", said);
      chart?.setData(found);
    },
    stop() {
      sized.disconnect();
      document.removeEventListener("colours", recolour);
      chart?.destroy();
    },
  };
}

/** A line as small as a word. Values may be null where there is none; `low` and `high` fix the scale. */
export function spark(values, label, { low, high, colour: which = 1 } = {}) {
  const known = values.filter((value) => value !== null);
  const bottom = low ?? Math.min(...known), top = high ?? Math.max(...known);
  const y = (value) => (top > bottom ? 26 - (24 * (value - bottom)) / (top - bottom) : 14);
  const points = values.map((value, at) => (value === null ? null : [2 + (96 * at) / Math.max(1, values.length - 1), y(value)]));
  const there = points.filter(Boolean);
  const [lastX, lastY] = there.at(-1) ?? [0, 14];
  return svg("svg", { class: `spark line-${which}`, viewBox: "0 0 100 28", preserveAspectRatio: "none", role: "img", "aria-label": label },
    low < 0 && svg("line", { class: "zero", x1: 0, x2: 100, y1: y(0), y2: y(0) }),
    svg("polyline", { points: there.map((point) => point.map((part) => part.toFixed(1)).join(",")).join(" ") }),
    svg("line", { class: "end", x1: lastX, x2: lastX, y1: lastY, y2: lastY }));
}
