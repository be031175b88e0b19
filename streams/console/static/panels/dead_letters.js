// What couldn't be used, by reason.

import { card, follow } from "../card.js";
import { el, nothing, replace, table } from "../dom.js";
import { count, time } from "../format.js";
import { figure } from "./pulse.js";

export function deadLetters() {
  const shown = card({ id: "dead-letters", title: "Dead letters", wide: "w4" });

  function draw(found) {
    shown.note.textContent = "Records that couldn't be used, the most frequent reasons first.";
    replace(shown.body, found.letters
      ? [
        el("dl", { class: "figures" }, figure("letters", count(found.letters), "big"), figure("sent again", count(found.replayed))),
        table("Dead letters by reason", [
          { title: "topic", cell: (row) => row.topic },
          { title: "reason", cell: (row) => el("span", { class: "reason" }, row.reason) },
          { title: "letters", numeric: true, cell: (row) => count(row.letters) },
          { title: "last", cell: (row) => time(row.last_ms) },
        ], found.groups),
      ]
      : nothing("No dead letters: every record could be used."));
  }

  const following = follow("dead-letters", shown, { everyS: 10, draw });
  return { elements: [shown.element], stop: following.stop };
}
