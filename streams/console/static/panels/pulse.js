// Throughput and lag, as they are pushed.

import { card } from "../card.js";
import { lines } from "../chart.js";
import { el, nothing, replace, table } from "../dom.js";
import { ago, clock, count, short } from "../format.js";
import { listen } from "../live.js";

const LATELY = 6; // steps that the figures are the mean of

export function pulse() {
  const rate = card({ id: "throughput", title: "Throughput", wide: "w8" });
  const lag = card({ id: "lag", title: "Lag", wide: "w4" });
  let chart, topics;

  const listening = listen((found) => {
    rate.fail(found.throughput_error);
    if (found.throughput) drawRate(found.throughput);
    lag.fail(found.lag_error);
    if (found.lag) drawLag(found.lag, found.throughput?.workers, found.at_ms);
    rate.element.dataset.ready = lag.element.dataset.ready = "";
  });

  function drawRate(found) {
    rate.note.textContent = `Records done a second, by topic, over the last ${(found.steps * found.step_ms) / 60_000} minutes.`;
    const lately = found.topics.map((one) => one.per_s.slice(-LATELY).reduce((sum, value) => sum + value, 0) / LATELY);
    const all = lately.reduce((sum, value) => sum + value, 0);
    const figures = el("dl", { class: "figures" }, figure("all topics", `${short(all)}/s`, "big"),
      found.topics.map((one, at) => figure(one.topic, `${short(lately[at])}/s`)));
    const xs = Array.from({ length: found.steps }, (_, at) => (found.from_ms + at * found.step_ms) / 1000);
    const data = [xs, ...found.topics.map((one) => one.per_s)];
    const names = found.topics.map((one) => one.topic).join();
    const said = `Records a second by topic until ${clock(found.from_ms + found.steps * found.step_ms)} UTC; of late ${short(all)} in all`;
    if (!found.topics.length) {
      chart?.stop();
      chart = topics = undefined;
      replace(rate.body, figures, nothing("Nothing was written in this time: no worker runs, or nothing comes."));
      return;
    }
    if (names !== topics) {
      chart?.stop();
      topics = names;
      chart = lines({
        label: said, data, height: 250, x: { yValues: (_, values) => values.map(short) },
        series: found.topics.map((one, at) => ({ label: one.topic, colour: (at % 6) + 1, dash: at > 5 })),
      });
      replace(rate.body, figures, chart.element);
    } else {
      rate.body.firstChild.replaceWith(figures);
      chart.set(data, said);
    }
  }

  function drawLag(found, workers, nowMs) {
    const all = found.reduce((sum, one) => sum + one.records, 0);
    lag.note.textContent = "Records that are there and not done.";
    const logs = Map.groupBy(found, (one) => one.log);
    const most = Math.max(1, ...found.map((one) => one.records));
    const rows = [...logs].map(([log, parts]) => ({ log, parts, records: parts.reduce((sum, one) => sum + one.records, 0) }));
    replace(lag.body,
      el("dl", { class: "figures" }, figure("all logs", count(all), "big"), figure("workers", count(workers?.length))),
      found.length
        ? table("Lag by log and partition", [
          { title: "log", cell: (row) => row.log },
          { title: "by partition", cell: (row) => cells(row.parts, most) },
          { title: "records", numeric: true, cell: (row) => count(row.records) },
        ], rows)
        : nothing("The broker has none of the topics: footfall topics create makes them."),
      workers?.length
        ? table("Workers of the last minute", [
          { title: "worker", cell: (row) => row.worker },
          { title: "partitions", numeric: true, cell: (row) => count(row.partitions) },
          { title: "records/s", numeric: true, cell: (row) => short(row.per_s) },
          { title: "wrote", numeric: true, cell: (row) => ago(row.written_ms, nowMs) },
        ], workers)
        : nothing("No worker wrote anything in the last minute."));
  }

  return {
    elements: [rate.element, lag.element],
    stop() {
      listening.stop();
      chart?.stop();
    },
  };
}

/** A small bar for each partition. */
function cells(parts, most) {
  const said = parts.map((part) => `partition ${part.partition}: ${part.records}`).join(", ");
  return el("span", { class: "cells", role: "img", "aria-label": said, title: said }, parts.map((part) => {
    const bar = el("span", { class: "cell" }, el("span", { class: "level" }));
    bar.firstChild.style.height = `${part.records ? Math.max(8, (100 * part.records) / most) : 0}%`;
    return bar;
  }));
}

export function figure(name, value, size = "") {
  return el("div", { class: `figure ${size}` }, el("dt", {}, name), el("dd", {}, value));
}

