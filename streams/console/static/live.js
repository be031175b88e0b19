// What is pushed: one stream for the whole page.

import { time } from "./format.js";

const listeners = new Set();
let latest;

/** Opens the stream, and shows in the page's head how it is. */
export function connect() {
  const connection = document.getElementById("connection");
  const eventTime = document.getElementById("event-time");
  const source = new EventSource("/api/live");
  const state = (name, text) => {
    if (connection.dataset.state === name) return;
    connection.dataset.state = name;
    connection.textContent = text;
  };
  source.onmessage = (message) => {
    latest = JSON.parse(message.data);
    state("live", "live");
    eventTime.textContent = latest.event_ms ? `${time(latest.event_ms)} UTC` : "no events yet";
    listeners.forEach((listener) => listener(latest));
  };
  source.onerror = () => state("lost", "not connected");
}

/** Calls with each pulse, the latest at once. Returns {stop}. */
export function listen(listener) {
  listeners.add(listener);
  if (latest) listener(latest);
  return { stop: () => listeners.delete(listener) };
}
