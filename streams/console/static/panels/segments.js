// Segments with their members, and how many there were.

import { card, follow } from "../card.js";
import { spark } from "../chart.js";
import { el, nothing, replace, table } from "../dom.js";
import { count, time } from "../format.js";

export function segments() {
  const shown = card({ id: "segments", title: "Segments", wide: "w6" });

  function draw(found) {
    if (!found.segments.length) {
      replace(shown.body, nothing("There are no segments: FOOTFALL_SEGMENTS names a folder without any."));
      return;
    }
    const looked = found.looked_ms
      ? `As of ${time(found.looked_ms)} UTC.`
      : "Nobody has looked yet who is in which: a worker does once it leads, after the first events.";
    const days = found.segments[0].by_day.length;
    shown.note.textContent = `Members. ${looked}`;
    replace(shown.body, table("Segments", [
      { title: "segment", cell: (row) => el("span", { title: row.description }, row.title) },
      { title: "owner", cell: (row) => row.owner },
      { title: "members", numeric: true, cell: (row) => count(row.members) },
      { title: `${days} days`, cell: (row) => spark(row.by_day, `${row.by_day[0]} members ${days - 1} days before, ${row.members} now`, { low: 0 }) },
      { title: "today", numeric: true, cell: (row) => change(row) },
      { title: "held out", numeric: true, cell: (row) => count(row.held_out) },
    ], found.segments));
  }

  const following = follow("segments", shown, { everyS: 10, draw });
  return { elements: [shown.element], stop: following.stop };
}

function change(row) {
  if (!row.entered && !row.left) return "";
  return el("span", { class: "change" },
    row.entered ? el("span", { class: "came" }, `+${count(row.entered)}`) : null, row.entered && row.left ? " " : null,
    row.left ? el("span", { class: "went" }, `−${count(row.left)}`) : null);
}
