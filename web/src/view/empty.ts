// What stands where the chart would be while there is nothing to draw. Says what
// is awaited and why, never a made-up line.
import { element } from "./dom";

export interface EmptyState {
  title: string;
  text: string;
  /** Something is on its way: the bars breathe. */
  busy: boolean;
  action?: { label: string; run(): void };
}

export class EmptyView {
  constructor(private readonly root: HTMLElement) {}

  show(state: EmptyState): void {
    this.root.hidden = false;
    this.root.dataset["busy"] = String(state.busy);
    const bars = element("div", "empty-bars", ...[1, 2, 3, 4].map(() => element("span")));
    bars.setAttribute("aria-hidden", "true");
    const children: HTMLElement[] = [bars, element("p", "empty-title", state.title), element("p", "empty-text", state.text)];
    if (state.action) children.push(actionButton(state.action));
    this.root.replaceChildren(...children);
  }

  hide(): void {
    this.root.hidden = true;
  }
}

function actionButton(action: { label: string; run(): void }): HTMLButtonElement {
  const button = element("button", "text-button", action.label);
  button.type = "button";
  button.addEventListener("click", () => action.run());
  return button;
}
