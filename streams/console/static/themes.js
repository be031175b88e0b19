// The button that goes through the colours: as the system's, light, dark.

const NAMES = { system: "as the system's", light: "light", dark: "dark" };
const SIGNS = { system: "◐", light: "☀", dark: "☾" };
const NEXT = { system: "light", light: "dark", dark: "system" };

export function themes(button) {
  const root = document.documentElement;
  const now = () => root.dataset.theme ?? "system";
  function changed() {
    button.textContent = SIGNS[now()];
    button.setAttribute("aria-label", `Colours: ${NAMES[now()]}`);
    button.title = `Colours: ${NAMES[now()]}`;
    document.dispatchEvent(new Event("colours"));
  }
  button.addEventListener("click", () => {
    const next = NEXT[now()];
    if (next === "system") {
      delete root.dataset.theme;
      localStorage.removeItem("theme");
    } else {
      root.dataset.theme = next;
      localStorage.setItem("theme", next);
    }
    changed();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", changed);
  changed();
}
