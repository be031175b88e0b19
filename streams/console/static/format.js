// Numbers and times as text. Times are UTC.

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const compact = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 3 });

export const NONE = "–";

const known = (value) => value !== null && value !== undefined && Number.isFinite(value);

export const count = (value) => (known(value) ? whole.format(value) : NONE);
export const short = (value) => (known(value) ? (Math.abs(value) < 10_000 ? whole.format(value) : compact.format(value)) : NONE);
export const fixed = (value, digits = 3) => (known(value) ? value.toFixed(digits) : NONE);
export const share = (part, of) => (of > 0 ? `${Math.round((100 * part) / of)} %` : NONE);
export const signed = (value, digits = 2) => (known(value) ? (value > 0 ? "+" : value < 0 ? "−" : "") + Math.abs(value).toFixed(digits) : NONE);
export const money = (value) => (known(value) ? value.toLocaleString("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 }) : NONE);

/** A sum that decays: small ones with their decimals. */
export const amount = (value) => {
  if (!known(value)) return NONE;
  if (value === 0) return "0";
  return Math.abs(value) < 0.005 ? "~0" : Math.abs(value) < 100 ? value.toFixed(2) : whole.format(value);
};

const iso = (ms) => new Date(ms).toISOString();
export const day = (ms) => (ms ? iso(ms).slice(0, 10) : NONE);
export const time = (ms) => (ms ? `${iso(ms).slice(0, 10)} ${iso(ms).slice(11, 16)}` : NONE);
export const clock = (ms) => (ms ? iso(ms).slice(11, 19) : NONE);

const WEEKDAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
export const weekday = (ms) => WEEKDAYS[new Date(ms).getUTCDay()];

/** How long before a time: "3 h ago". */
export function ago(ms, nowMs) {
  const minutes = Math.max(0, nowMs - ms) / 60_000;
  if (minutes < 1) return "just now";
  if (minutes < 60) return `${Math.floor(minutes)} min ago`;
  if (minutes < 48 * 60) return `${Math.floor(minutes / 60)} h ago`;
  return `${whole.format(Math.floor(minutes / 1440))} d ago`;
}

export const plural = (n, one, many = `${one}s`) => `${count(n)} ${n === 1 ? one : many}`;
