// What keeps people from using the page: controls, pictures and tables without a name, headings out of order, ids that
// are there twice, text that stands out too little from its ground. Returns a list of sentences.
() => {
  const found = [];
  const seen = (element) => element.checkVisibility() && !element.closest("[aria-hidden=true]");
  const all = (selector) => [...document.querySelectorAll(selector)].filter(seen);
  const what = (element) => `<${element.tagName.toLowerCase()}> ${element.id || element.textContent.trim().slice(0, 40)}`;

  function nameOf(element) {
    const by = (element.getAttribute("aria-labelledby") ?? "").split(" ").filter(Boolean);
    return [
      element.getAttribute("aria-label"), ...by.map((id) => document.getElementById(id)?.textContent),
      ...[...(element.labels ?? [])].map((label) => label.textContent),
      element.matches("input, select, svg, [role=img], [role=region]") ? "" : element.textContent,
    ].map((text) => text?.trim()).find(Boolean);
  }
  for (const element of all("a, button, input, select, textarea, summary, [role=img], [role=region], [tabindex='0'], section, svg:not([role=img] svg)"))
    if (!nameOf(element)) found.push(`${what(element)} has no name`);
  for (const image of document.images) if (!image.hasAttribute("alt")) found.push(`${what(image)} has no alternative`);
  for (const table of all("table")) {
    if (!table.caption?.textContent) found.push(`${what(table)} has no caption`);
    if (!table.querySelector("thead th[scope=col]")) found.push(`${what(table)} has no heads of columns`);
  }
  const headings = all("h1, h2, h3, h4").map((one) => Number(one.tagName[1]));
  if (headings.filter((level) => level === 1).length !== 1) found.push(`there are ${headings.filter((level) => level === 1).length} h1`);
  headings.reduce((before, level) => (level > before + 1 && found.push(`h${level} comes after h${before}`), level), 0);
  const ids = [...document.querySelectorAll("[id]")].map((one) => one.id);
  for (const id of new Set(ids.filter((one, at) => ids.indexOf(one) !== at))) found.push(`the id ${id} is there twice`);
  if (!document.documentElement.lang) found.push("the page has no language");
  if (all("main").length !== 1) found.push("there is not one main");

  const numbers = (colour) => colour.match(/[\d.]+/g).map(Number);
  const luminance = ([r, g, b]) => [r, g, b].map((part) => part / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
    .reduce((sum, part, at) => sum + part * [0.2126, 0.7152, 0.0722][at], 0);
  function ground(element) {
    for (let at = element; at; at = at.parentElement) {
      const [r, g, b, a = 1] = numbers(getComputedStyle(at).backgroundColor);
      if (a > 0.99) return [r, g, b];
    }
    return [255, 255, 255];
  }
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || !seen(element) || element.matches("script, option")) continue;
    const [high, low] = [luminance(numbers(getComputedStyle(element).color)), luminance(ground(element))].sort((a, b) => b - a);
    const contrast = (high + 0.05) / (low + 0.05);
    if (contrast < 4.5) found.push(`${what(element)} has a contrast of ${contrast.toFixed(2)}`);
  }
  return [...new Set(found)];
}
