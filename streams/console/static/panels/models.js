// How good the models were by day, and which versions there are.

import { card, follow } from "../card.js";
import { DAYS, lines } from "../chart.js";
import { el, nothing, replace, table } from "../dom.js";
import { count, fixed, time } from "../format.js";

const MEASURES = {
  roc_auc: "AUC",
  average_precision: "average precision",
  precision_at_budget: "precision of the alerts' budget",
  brier: "Brier score",
  calibration_ratio: "calibration ratio",
};
const KINDS = { fraud: "fraud", churn: "churn", churn_long: "churn, longer horizon" };

export function models() {
  const shown = card({ id: "models", title: "Models", wide: "w8" });
  const measure = select("Measure", "measure", MEASURES);
  const kind = select("Kind", "kind", KINDS);
  shown.tools.append(kind.element, measure.element);
  let chart, found;

  function draw(latest) {
    found = latest;
    chart?.stop();
    chart = undefined;
    const chosen = found.models.filter((model) => model.kind === kind.value());
    const judged = chosen.filter((model) => model.days.length);
    const days = [...new Set(judged.flatMap((model) => model.days.map((one) => one.day)))].sort();
    const name = MEASURES[measure.value()];
    shown.note.textContent = days.length
      ? `Scores that have got their label, ${days[0]} to ${days.at(-1)}.`
      : "Scores that have got their label, by day.";
    if (days.length) {
      chart = lines({
        label: `${name} by day, ${days[0]} to ${days.at(-1)}`,
        series: judged.map((model, at) => ({ label: `${model.model} (${model.role})`, colour: at + 1, points: true })),
        data: [days.map((one) => Date.parse(one) / 1000), ...judged.map((model) => {
          const values = new Map(model.days.map((one) => [one.day, one[measure.value()]]));
          return days.map((one) => values.get(one) ?? null);
        })],
        range: measure.value() === "calibration_ratio" || measure.value() === "brier" ? undefined : () => [0, 1],
        height: 230, x: DAYS,
      });
    }
    replace(shown.body,
      chart ? chart.element : nothing("No score of this kind has got its label yet: labels come hours to weeks after what they are about."),
      table("Models", [
        { title: "model", cell: (row) => row.model },
        { title: "role", cell: (row) => el("span", { class: `chip ${row.role}` }, row.role) },
        { title: "version", cell: (row) => version(row) },
        { title: "learnt", numeric: true, cell: (row) => count(row.versions[0]?.examples) },
        { title: "day", cell: (row) => row.days.at(-1)?.day ?? "–" },
        { title: "labels", numeric: true, cell: (row) => count(row.days.at(-1)?.n) },
        { title: "AUC", numeric: true, cell: (row) => fixed(row.days.at(-1)?.roc_auc) },
        { title: "AP", numeric: true, cell: (row) => fixed(row.days.at(-1)?.average_precision) },
        { title: "Brier", numeric: true, cell: (row) => fixed(row.days.at(-1)?.brier) },
      ], chosen),
      el("details", { class: "more" }, el("summary", { "data-key": "versions" }, "Latest versions"),
        table("Latest versions", [
          { title: "version", cell: (row) => row.version },
          { title: "model", cell: (row) => row.model },
          { title: "made", cell: (row) => time(row.created_ms) },
          { title: "learnt", numeric: true, cell: (row) => count(row.examples) },
          { title: "positive", numeric: true, cell: (row) => count(row.positives) },
        ], chosen.flatMap((model) => model.versions.map((one) => ({ ...one, model: model.model }))))));
  }

  const redraw = () => found && draw(found);
  kind.element.addEventListener("change", redraw);
  measure.element.addEventListener("change", redraw);
  const following = follow("models", shown, { everyS: 15, draw });
  return {
    elements: [shown.element],
    stop() {
      following.stop();
      chart?.stop();
    },
  };
}

function version(row) {
  const latest = row.versions[0]?.version ?? "none yet";
  return row.pinned ? `${row.pinned} (pinned; latest ${latest})` : latest;
}

/** A choice with a name for those who listen. */
export function select(label, key, options, chosen) {
  const box = el("select", { "aria-label": label, "data-key": key },
    Object.entries(options).map(([value, text]) => el("option", { value, selected: value === chosen }, text)));
  return { element: box, value: () => box.value };
}
