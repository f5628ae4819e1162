// What the visitor chose for themselves and keeps: theme, time zone, favourites.
// Storage may be forbidden (private windows); then a choice lasts as long as the page.
import type { Zone } from "../zone";

export type Theme = "light" | "dark";

const THEME_KEY = "cryptostream.theme";
const ZONE_KEY = "cryptostream.zone";
const FAVOURITES_KEY = "cryptostream.favourites";
const MOST_FAVOURITES = 1_000;

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

/** The ids of the favourite coins, in the order in which they were chosen. */
export function parseFavourites(text: string | null): string[] {
  try {
    const ids: unknown = JSON.parse(text ?? "[]");
    if (!Array.isArray(ids)) return [];
    return ids.filter((id): id is string => typeof id === "string").slice(0, MOST_FAVOURITES);
  } catch {
    return []; // somebody else's words under our name
  }
}

/** The visitor's favourites. Another tab may change them: each change begins with what is kept. */
export class Favourites {
  private ids: string[] = parseFavourites(read(FAVOURITES_KEY));

  constructor(onChange: () => void) {
    window.addEventListener("storage", (event) => {
      if (event.key !== FAVOURITES_KEY) return;
      this.ids = parseFavourites(event.newValue);
      onChange();
    });
  }

  has(coin: string): boolean {
    return this.ids.includes(coin);
  }

  get count(): number {
    return this.ids.length;
  }

  /** Out: whether the coin is a favourite now. */
  toggle(coin: string): boolean {
    const without = this.ids.filter((id) => id !== coin);
    const added = without.length === this.ids.length && without.length < MOST_FAVOURITES;
    this.ids = added ? [...without, coin] : without;
    write(FAVOURITES_KEY, JSON.stringify(this.ids));
    return added;
  }
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
