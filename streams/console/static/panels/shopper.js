// A shopper's page: profile, scores over time, segments, alerts, the last events.

import { card, follow } from "../card.js";
import { lines } from "../chart.js";
import { el, nothing, replace, table } from "../dom.js";
import { ago, amount, count, fixed, money, NONE, signed, time } from "../format.js";
import { summary } from "./alerts.js";
import { figure } from "./pulse.js";

const SCALES = { "1h": "1 hour", "1d": "1 day", "7d": "7 days", "30d": "30 days" };

export function shopper(userId) {
  const head = card({ id: "shopper", title: userId, wide: "w12" });
  const profile = card({ id: "profile", title: "Profile", wide: "w5" });
  const scores = card({ id: "scores", title: "Scores", wide: "w7" });
  const belongs = card({ id: "belongs", title: "Segments", wide: "w7" });
  const alerts = card({ id: "shopper-alerts", title: "Alerts", wide: "w7" });
  const events = card({ id: "events", title: "Last events", wide: "w12" });
  head.element.classList.add("who");
  let charts = [];

  function draw(found) {
    charts.forEach((chart) => chart.stop());
    charts = [];
    drawHead(found);
    drawProfile(found.profile);
    drawScores(found);
    drawSegments(found.segments);
    replace(alerts.body, found.alerts.length
      ? el("ul", { class: "alerts" }, found.alerts.map((alert) => el("li", { "data-alert": alert.alert_id, "data-state": alert.state }, summary(alert, { withShopper: false }))))
      : nothing("No alert was ever raised about this shopper."));
    drawEvents(found.events);
  }

  function drawHead({ profile: known, churn }) {
    if (!known) {
      replace(head.body, nothing("Nothing is known of this shopper: no event of this id has come."));
      return;
    }
    head.note.textContent = `As of ${time(known.now_ms)} UTC, event time.`;
    replace(head.body,
      el("dl", { class: "figures" },
        figure("churn", churn ? fixed(churn.score, 2) : NONE, "big"),
        figure("longer horizon", churn ? fixed(churn.long_score, 2) : NONE),
        figure("spent", money(known.totals.spent)),
        figure("orders", count(known.totals.purchases)),
        figure("returns", count(known.totals.returns)),
        figure("sentiment", signed(known.mean_sentiment)),
        figure("last seen", ago(known.last_ms, known.now_ms)),
        figure("first seen", ago(known.first_ms, known.now_ms)),
        figure("here, last 7 days", `${count(known.days_here_0_6)} of 7`)),
      churn && churn.reasons.length > 0
        ? el("p", { class: "words" }, `Silence is ${Math.round(100 * churn.score)} % likely: ${churn.reasons.join("; ")}. By ${churn.version}, as of ${time(churn.as_of_ms)}.`)
        : el("p", { class: "words" }, churn ? `By ${churn.version}, as of ${time(churn.as_of_ms)}.` : "No churn score yet: the model warms up, or the shopper hasn't been scored."));
  }

  function drawProfile(known) {
    if (!known) {
      replace(profile.body, nothing("There is no profile."));
      return;
    }
    profile.note.textContent = "Sums that decay at four time scales, as of now in event time.";
    replace(profile.body, table("Decayed sums", [
      { title: "sum of", cell: ([name]) => name.replaceAll("_", " ") },
      ...known.scales.map((scale, at) => ({ title: SCALES[scale] ?? scale, numeric: true, cell: ([, values]) => amount(values[at]) })),
    ], Object.entries(known.decayed)));
  }

  function drawScores(found) {
    scores.note.textContent = "Churn as of each event, fraud of each purchase, as they were scored.";
    const made = [["churn", found.churn_scores, 1], ["fraud", found.fraud_scores, 2]].flatMap(([name, series, colour]) => {
      if (!series.ts_ms.length) return nothing(`No ${name} scores yet.`);
      const chart = lines({
        label: `${name} scores, ${time(series.ts_ms[0])} to ${time(series.ts_ms.at(-1))}; the last is ${fixed(series.score.at(-1), 2)}`,
        series: [{ label: name, colour, points: true }],
        data: [series.ts_ms.map((ms) => ms / 1000), series.score], range: () => [0, 1], height: 120,
      });
      charts.push(chart);
      return [el("h3", {}, `${name} `, el("span", { class: "note" }, `last ${fixed(series.score.at(-1), 2)}`)), chart.element];
    });
    replace(scores.body, made);
  }

  function drawSegments(found) {
    replace(belongs.body, found.length
      ? table("Segments of this shopper", [
        { title: "segment", cell: (row) => row.title },
        { title: "since", cell: (row) => time(row.since_ms) },
        { title: "reason, then", cell: (row) => row.reason },
        { title: "held out", cell: (row) => (row.held_out ? "yes" : "") },
      ], found)
      : nothing("In no segment, as of the last look."));
  }

  function drawEvents(found) {
    events.note.textContent = found.length ? `The last ${count(found.length)}, the latest first.` : "";
    replace(events.body, found.length
      ? table("Last events", [
        { title: "time", cell: (row) => time(row.ts_ms) },
        { title: "event", cell: (row) => el("span", { class: `chip type ${row.type}` }, row.type.replace("_", " ")) },
        { title: "item", cell: (row) => row.item },
        { title: "category", cell: (row) => row.category },
        { title: "quantity", numeric: true, cell: (row) => (row.item || row.amount ? amount(row.quantity) : "") },
        { title: "price", numeric: true, cell: (row) => (row.price ? money(row.price) : "") },
        { title: "amount", numeric: true, cell: (row) => (row.amount ? money(row.amount) : "") },
        { title: "order", cell: (row) => row.order_id },
        { title: "stars", numeric: true, cell: (row) => (row.rating ? count(row.rating) : "") },
      ], found)
      : nothing("No events."));
  }

  const following = follow("shopper", head, { everyS: 5, draw, params: () => ({ user_id: userId }) });
  return {
    elements: [el("h1", { class: "unseen" }, `Shopper ${userId}`), el("p", { class: "back" }, el("a", { href: "#/" }, "← Overview")),
      head.element, el("div", { class: "w5 stack" }, profile.element), el("div", { class: "w7 stack" }, scores.element, belongs.element, alerts.element), events.element],
    stop() {
      following.stop();
      charts.forEach((chart) => chart.stop());
    },
  };
}
