// What the visitor chose for themselves and keeps: theme and time zone. Storage
// may be forbidden (private windows); then a choice lasts as long as the page.
import type { Zone } from "../zone";

export type Theme = "light" | "dark";

const THEME_KEY = "cryptostream.theme";
const ZONE_KEY = "cryptostream.zone";

function read(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function write(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // Nothing to do: the choice still holds for this page.
  }
}

export function loadZone(): Zone {
  return read(ZONE_KEY) === "local" ? "local" : "utc";
}

export function saveZone(zone: Zone): void {
  write(ZONE_KEY, zone);
}

/** Applies the kept theme, else the system's, and follows the system until a choice is made. */
export function startTheme(onChange: (theme: Theme) => void): { toggle(): void } {
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  let chosen = read(THEME_KEY) as Theme | null;
  const current = (): Theme => chosen ?? (system.matches ? "dark" : "light");
  const apply = (): void => {
    document.documentElement.dataset["theme"] = current();
    onChange(current());
  };
  system.addEventListener("change", apply);
  apply();
  return {
    toggle() {
      chosen = current() === "dark" ? "light" : "dark";
      write(THEME_KEY, chosen);
      apply();
    },
  };
}
