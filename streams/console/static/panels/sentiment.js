// Items whose reviews of late read worse than before.

import { card, follow } from "../card.js";
import { spark } from "../chart.js";
import { nothing, replace, table } from "../dom.js";
import { count, plural, signed } from "../format.js";

export function sentiment() {
  const shown = card({ id: "sentiment", title: "Falling sentiment", wide: "w6" });

  function draw(found) {
    shown.note.textContent = `Items whose reviews of the last ${found.lately_days} days read worse than those of the ${found.weeks} weeks before. From −1 to +1.`;
    replace(shown.body, found.items.length
      ? table("Items with falling sentiment", [
        { title: "item", cell: (row) => row.item },
        { title: "before", numeric: true, cell: (row) => signed(row.before) },
        { title: "lately", numeric: true, cell: (row) => signed(row.lately) },
        { title: `${found.weeks} weeks`, cell: (row) => spark(row.by_week, `From ${signed(row.before)} to ${signed(row.lately)}`, { low: -1, high: 1, colour: 2 }) },
        { title: "reviews", numeric: true, cell: (row) => `${count(row.reviews_before)} + ${count(row.reviews_lately)}` },
      ], found.items)
      : nothing(found.reviews
        ? `Nothing falls: of ${plural(found.reviews, "review")}, no item has three or more lately that read worse than those before.`
        : "No reviews were read yet: that needs reviews, and a footfall text-worker."));
  }

  const following = follow("sentiment", shown, { everyS: 30, draw });
  return { elements: [shown.element], stop: following.stop };
}
