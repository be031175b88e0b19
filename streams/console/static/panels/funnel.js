// Today's funnel.

import { card, follow } from "../card.js";
import { lines } from "../chart.js";
import { el, nothing, replace } from "../dom.js";
import { count, day, money, plural, share, weekday } from "../format.js";
import { figure } from "./pulse.js";

const NAMES = { view: "viewed an item", cart_add: "filled a cart", purchase: "bought" };

export function funnel() {
  const shown = card({ id: "funnel", title: "Today's funnel", wide: "w6" });
  let chart;

  function draw(found) {
    chart?.stop();
    chart = undefined;
    if (!found.now_ms) {
      shown.note.textContent = "";
      replace(shown.body, nothing("No events yet: a worker writes the first ones within seconds of their coming."));
      return;
    }
    shown.note.textContent = `Shoppers on ${weekday(found.now_ms)}, ${day(found.now_ms)}, as far as events have come.`;
    const [viewed, carted, bought] = found.steps;
    const most = Math.max(1, ...found.steps.map((step) => step.shoppers));
    const hours = Array.from({ length: 24 }, (_, hour) => hour);
    chart = lines({
      label: `Shoppers by hour of ${day(found.now_ms)}, UTC`,
      series: found.steps.map((step, at) => ({ label: NAMES[step.step], colour: at + 1 })),
      data: [hours, ...found.steps.map((step) => step.by_hour)],
      height: 190,
      x: { time: false, space: 44, incrs: [1, 2, 3, 6, 12], range: () => [0, 23], values: (_, values) => values.map((hour) => `${String(hour).padStart(2, "0")} h`) },
    });
    replace(shown.body,
      el("ol", { class: "funnel" }, found.steps.map((step, at) => bar(step, at, most))),
      el("p", { class: "words" }, viewed.in_order
        ? `Of ${plural(viewed.in_order, "shopper")} who viewed an item, ${count(carted.in_order)} (${share(carted.in_order, viewed.in_order)}) then filled a cart, and ${count(bought.in_order)} (${share(bought.in_order, viewed.in_order)}) then bought.`
        : "Nobody has viewed an item today: either there are no such events, or the day has just begun."),
      el("dl", { class: "figures" }, figure("orders", count(found.orders)), figure("revenue", money(found.revenue)),
        figure("an order", money(found.orders ? found.revenue / found.orders : null))),
      chart.element);
  }

  const following = follow("funnel", shown, { everyS: 5, draw });
  return {
    elements: [shown.element],
    stop() {
      following.stop();
      chart?.stop();
    },
  };
}

function bar(step, at, most) {
  const fill = el("span", { class: `level line-${at + 1}` });
  fill.style.width = `${(100 * step.shoppers) / most}%`;
  return el("li", { "data-step": step.step },
    el("span", { class: "name" }, NAMES[step.step]),
    el("span", { class: "track", "aria-hidden": "true" }, fill),
    el("span", { class: "number" }, count(step.shoppers)));
}
