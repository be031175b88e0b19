// What is shown, by the part of the address after #: the overview, or a shopper.

import { ask } from "./api.js";
import { el, say } from "./dom.js";
import { connect } from "./live.js";
import { alerts } from "./panels/alerts.js";
import { deadLetters } from "./panels/dead_letters.js";
import { funnel } from "./panels/funnel.js";
import { models } from "./panels/models.js";
import { pulse } from "./panels/pulse.js";
import { segments } from "./panels/segments.js";
import { sentiment } from "./panels/sentiment.js";
import { shopper } from "./panels/shopper.js";
import { themes } from "./themes.js";

const main = document.getElementById("main");
let shown = [], route;

function show() {
  const hash = location.hash;
  if (hash && !hash.startsWith("#/")) return; // the link that skips to the content
  const now = hash || "#/";
  if (now === route) return;
  const moved = route !== undefined;
  route = now;
  shown.forEach((part) => part.stop());
  const userId = now.startsWith("#/shopper/") ? decoded(now.slice("#/shopper/".length)) : "";
  shown = userId ? [shopper(userId)] : [pulse(), funnel(), alerts(), segments(), sentiment(), models(), deadLetters()];
  main.className = userId ? "grid shopper" : "grid overview";
  main.replaceChildren(userId ? "" : el("h1", { class: "unseen" }, "Overview"), ...shown.flatMap((part) => part.elements));
  document.title = userId ? `${userId} · Footfall console` : "Footfall console";
  if (moved) {
    scrollTo(0, 0);
    main.focus({ preventScroll: true });
    say(userId ? `Shopper ${userId}` : "Overview");
  }
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

document.getElementById("search").addEventListener("submit", (event) => {
  event.preventDefault();
  const userId = document.getElementById("shopper-id").value;
  if (userId) location.hash = `#/shopper/${encodeURIComponent(userId)}`;
});
addEventListener("hashchange", show);
themes(document.getElementById("theme"));
connect();
show();
ask("/api/session").then(({ signed_in: signedIn }) => {
  document.getElementById("sign-out").hidden = !signedIn;
}).catch(() => {}); // each panel says that the server doesn't answer
