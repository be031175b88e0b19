// A panel: a card that asks for its data again and again, and says so itself where that fails.

import { panel } from "./api.js";
import { el } from "./dom.js";

/** A card without data. */
export function card({ id, title, wide }) {
  const note = el("p", { class: "note" });
  const tools = el("div", { class: "tools" });
  const failure = el("p", { class: "failure", role: "status" });
  const body = el("div", { class: "body" });
  const element = el("section", { class: `card ${wide}`, "data-panel": id, "aria-labelledby": `title-${id}` },
    el("div", { class: "head" }, el("div", {}, el("h2", { id: `title-${id}` }, title), note), tools), failure, body);
  return {
    element, note, tools, body,
    fail(message) {
      failure.textContent = message;
      element.classList.toggle("failed", Boolean(message));
    },
  };
}

/**
 * Fills a card by draw(found, card) each time that what the server says has changed. `params` gives what to ask for.
 * Returns {refresh, stop}.
 */
export function follow(name, shown, { everyS, draw, params = () => ({}) }) {
  let timer, latest, asking;
  async function refresh({ redraw = false } = {}) {
    clearTimeout(timer);
    asking?.abort();
    const mine = (asking = new AbortController());
    try {
      const found = await panel(name, params(), { signal: mine.signal });
      shown.fail("");
      const text = JSON.stringify(found);
      if (redraw || text !== latest) draw(found, shown);
      latest = text;
    } catch (error) {
      if (error.name === "AbortError") return;
      shown.fail(error.message);
    }
    shown.element.dataset.ready = "";
    timer = setTimeout(tick, everyS * 1000);
  }
  const tick = () => (document.hidden ? (timer = setTimeout(tick, 1000)) : refresh());
  refresh();
  return {
    refresh,
    stop() {
      clearTimeout(timer);
      asking?.abort();
    },
  };
}
