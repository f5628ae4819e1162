// The few lines every view needs to build and find elements. Text always goes in
// as text, never as markup: names and messages come from outside.
export function byId<T extends HTMLElement = HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no element #${id}`);
  return found as T;
}

type Child = Node | string;

export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className = "",
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

/** Writes text only when it differs, so that an idle second touches nothing. */
export function setText(target: Element, text: string): void {
  if (target.textContent !== text) target.textContent = text;
}

/** The class that colours a percentage; what is shown as 0.00% has no colour. */
export function trendClass(percent: number | null): "up" | "down" | "flat" {
  if (percent === null || Math.abs(percent) < 0.005) return "flat";
  return percent > 0 ? "up" : "down";
}

/** Plays the short flash of a price that moved. Two animations that look alike take turns: the other one begins at once. */
export function flash(target: HTMLElement, direction: -1 | 0 | 1): void {
  if (direction === 0) return;
  target.classList.toggle("tick-up", direction > 0);
  target.classList.toggle("tick-down", direction < 0);
  target.dataset["turn"] = target.dataset["turn"] === "a" ? "b" : "a";
}
