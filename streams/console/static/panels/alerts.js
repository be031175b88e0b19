// The newest alerts with their reasons, and buttons to say what they were.

import { post } from "../api.js";
import { card, follow } from "../card.js";
import { el, nothing, replace, say, shopperLink } from "../dom.js";
import { ago, fixed, money, time } from "../format.js";
import { select } from "./models.js";

const STATES = { open: "open", snoozed: "snoozed", acknowledged: "acknowledged", expired: "expired", suppressed: "suppressed", any: "any state" };
const KINDS = { any: "any kind", fraud: "fraud", churn: "churn" };
const VERDICTS = { fraud: "Fraud", ok: "OK", ignore: "Ignore" };
const PAGE = 10, MOST = 100;
const MEANS = { fraud: "a fraud", ok: "all right", ignore: "to be ignored" };

export function alerts() {
  const shown = card({ id: "alerts", title: "Alerts", wide: "w6 tall" });
  const kind = select("Kind of alert", "kind", KINDS);
  const state = select("State of alert", "state", STATES);
  shown.tools.append(kind.element, state.element);
  const said = new Set(); // what was acknowledged here, which a worker may not have read yet
  let limit = PAGE;

  function draw(everything) {
    const waiting = state.value() === "open" || state.value() === "snoozed";
    const found = { ...everything, alerts: everything.alerts.filter((alert) => !(waiting && said.has(alert.alert_id))) };
    shown.note.textContent = `The newest first${found.more ? `: ${found.alerts.length}, and there are more` : ""}.`;
    if (!found.alerts.length) {
      replace(shown.body, nothing(state.value() === "open" ? "No alert waits for anybody." : "There are no such alerts."));
      return;
    }
    replace(shown.body,
      el("div", { class: "list", role: "region", "aria-label": "Alerts", tabindex: "0" }, el("ul", { class: "alerts" }, found.alerts.map(item))),
      found.more && limit < MOST && el("button", { type: "button", "data-key": "more", onclick: more }, "Show more"));
  }

  function more() {
    limit = Math.min(MOST, limit + PAGE);
    following.refresh();
  }

  function chosen() {
    limit = PAGE;
    following.refresh();
  }

  const following = follow("alerts", shown, { everyS: 5, draw, params: () => ({ kind: kind.value(), state: state.value(), limit }) });
  kind.element.addEventListener("change", chosen);
  state.element.addEventListener("change", chosen);

  function item(alert) {
    const failure = el("p", { class: "failure", role: "status" });
    const buttons = alert.takes.map((verdict) => el("button", {
      type: "button", "data-key": `${alert.alert_id} ${verdict}`, "aria-pressed": String(alert.verdict === verdict),
      "aria-label": `${VERDICTS[verdict]}: the alert about ${alert.user_id}`,
      onclick: () => acknowledge(alert, verdict, buttons, failure),
    }, VERDICTS[verdict]));
    return el("li", { "data-alert": alert.alert_id, "data-state": alert.state },
      ...summary(alert), el("div", { class: "acts" }, buttons), failure);
  }

  async function acknowledge(alert, verdict, buttons, failure) {
    if (buttons[0].hasAttribute("aria-disabled")) return; // said already, not answered yet
    buttons.forEach((button) => button.setAttribute("aria-disabled", "true"));
    try {
      const done = await post("/api/ack", { alert_id: alert.alert_id, verdict });
      said.add(alert.alert_id);
      say(`The alert about ${alert.user_id} is acknowledged: ${MEANS[done.verdict]}.`);
      await following.refresh({ redraw: true });
    } catch (error) {
      failure.textContent = error.message;
    } finally {
      buttons.forEach((button) => button.removeAttribute("aria-disabled"));
    }
  }

  return { elements: [shown.element], stop: following.stop };
}

/** What an alert says, as nodes. */
export function summary(alert, { withShopper = true } = {}) {
  const most = Math.max(...alert.reasons.map((reason) => Math.abs(reason.contribution)), 1e-9);
  const standing = alert.verdict ? `${alert.state}: ${alert.verdict}${alert.said_by ? ` by ${alert.said_by}` : ""}` : alert.state;
  return [
    el("div", { class: "what" },
      el("span", { class: `chip ${alert.kind}` }, alert.kind),
      el("strong", { class: "score", title: `threshold ${fixed(alert.threshold)}` }, fixed(alert.score)),
      withShopper && shopperLink(alert.user_id, `${alert.alert_id} shopper`),
      alert.amount > 0 && el("span", {}, money(alert.amount)),
      el("span", { class: "when", title: `raised ${time(alert.raised_ms)} UTC by the clock` },
        `${time(alert.ts)} · raised ${ago(alert.raised_ms, Date.now())}`),
      el("span", { class: `chip state ${alert.state}` }, standing)),
    alert.reasons.length > 0 && el("ul", { class: "reasons" }, alert.reasons.map((reason) => {
      const level = el("span", { class: `level ${reason.contribution < 0 ? "lowers" : ""}` });
      level.style.width = `${(100 * Math.abs(reason.contribution)) / most}%`;
      return el("li", { title: `${reason.feature}: ${reason.contribution.toFixed(2)} to the log-odds` },
        el("span", { class: "track", "aria-hidden": "true" }, level), reason.text);
    })),
  ];
}
