// A row of buttons of which one is chosen: a radio group with roving focus.
export class Segmented<T extends string> {
  private readonly buttons: HTMLButtonElement[];

  constructor(
    private readonly root: HTMLElement,
    private readonly onChoose: (value: T) => void,
  ) {
    this.buttons = [...root.querySelectorAll<HTMLButtonElement>("button")];
    for (const button of this.buttons) {
      button.addEventListener("click", () => this.choose(button));
    }
    root.addEventListener("keydown", (event) => this.onKey(event));
  }

  /** Shows what is chosen; undefined: none of them, and Tab reaches the first. */
  set(value: T | undefined): void {
    this.buttons.forEach((button, index) => {
      const chosen = button.dataset["value"] === value;
      button.setAttribute("aria-checked", String(chosen));
      button.tabIndex = chosen || (value === undefined && index === 0) ? 0 : -1;
    });
  }

  private choose(button: HTMLButtonElement): void {
    const value = button.dataset["value"] as T;
    this.set(value);
    this.onChoose(value);
  }

  private onKey(event: KeyboardEvent): void {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const from = this.buttons.indexOf(this.root.ownerDocument.activeElement as HTMLButtonElement);
    const next = this.buttons[(from + step + this.buttons.length) % this.buttons.length];
    if (!next) return;
    next.focus();
    this.choose(next);
  }
}
