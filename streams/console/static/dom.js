// Elements. Whatever comes from the tables becomes text, never markup.

/** An element with attributes, and children that are nodes, text, or nothing. */
export function el(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}

/** The same in SVG. */
export function svg(name, attributes = {}, ...children) {
  return filled(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);
}

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== undefined && child !== null && child !== false));
  return element;
}

/** Puts new children in, and the focus back to where it was: on the element of the same data-key. */
export function replace(parent, ...children) {
  const focused = parent.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
  parent.replaceChildren(...children.flat().filter(Boolean));
  if (focused === undefined) return;
  const again = [...parent.querySelectorAll("[data-key]")].find((one) => one.dataset.key === focused);
  (again ?? parent.querySelector("button, a, select, [tabindex]"))?.focus({ preventScroll: true });
}

/** A table; columns are {title, numeric, cell(row)}. It scrolls by itself where it is too wide. */
export function table(caption, columns, rows) {
  const head = columns.map((column) => el("th", { scope: "col", class: column.numeric && "number" }, column.title));
  const body = rows.map((row) =>
    el("tr", {}, columns.map((column, at) =>
      el(at ? "td" : "th", { scope: at ? null : "row", class: column.numeric && "number" }, column.cell(row)))));
  return el("div", { class: "scroll", role: "region", tabindex: "0", "aria-label": caption },
    el("table", {}, el("caption", { class: "unseen" }, caption),
      el("thead", {}, el("tr", {}, head)), el("tbody", {}, body)));
}

/** Why there is nothing to see. */
export function nothing(text) {
  return el("p", { class: "nothing" }, text);
}

/** Tells those who listen rather than look. */
export function say(text) {
  document.getElementById("said").textContent = text;
}

export function shopperLink(userId, key) {
  return el("a", { href: `#/shopper/${encodeURIComponent(userId)}`, "data-key": key, class: "id" }, userId);
}
