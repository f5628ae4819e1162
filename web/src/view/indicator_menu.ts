// The list of indicators: what is drawn, with its settings, and what can be added.
// Opens below its button; Escape, and a click elsewhere, close it.
import { boundedSetting, type Indicator, INDICATOR_KINDS, indicatorName, KINDS, MOST_INDICATORS, usualIndicator } from "../data/indicators";
import { byId, element, setText } from "./dom";

export class IndicatorMenu {
  private readonly button = byId("indicators-toggle");
  private readonly panel = byId("indicators-panel");
  private indicators: readonly Indicator[] = [];
  private hasVolume = true;

  constructor(private readonly onChange: (indicators: Indicator[]) => void) {
    this.button.addEventListener("click", () => this.open(this.panel.hidden));
    this.panel.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      this.open(false);
      this.button.focus();
    });
    document.addEventListener("pointerdown", (event) => {
      const target = event.target as Node;
      if (!this.panel.contains(target) && !this.button.contains(target)) this.open(false);
    });
  }

  show(indicators: readonly Indicator[], hasVolume: boolean): void {
    if (indicators === this.indicators && hasVolume === this.hasVolume) return;
    this.indicators = indicators;
    this.hasVolume = hasVolume;
    setText(this.button, indicators.length > 0 ? `Indicators · ${indicators.length}` : "Indicators");
    if (!this.panel.hidden) this.render();
  }

  private open(open: boolean): void {
    if (open === !this.panel.hidden) return;
    this.panel.hidden = !open;
    this.button.setAttribute("aria-expanded", String(open));
    if (open) this.render();
  }

  private render(): void {
    const focused = this.panel.contains(document.activeElement) ? (document.activeElement as HTMLElement).dataset["place"] : undefined;
    const rows = this.indicators.map((indicator, index) => this.row(indicator, index));
    const add = element("div", "indicators-add", element("span", "", "Add"), ...INDICATOR_KINDS.map((kind) => this.addButton(kind)));
    this.panel.replaceChildren(...rows, add);
    if (focused === undefined) return;
    const again = this.panel.querySelector<HTMLElement>(`[data-place="${focused}"]`);
    (again ?? this.panel.querySelector<HTMLElement>("button:not(:disabled)"))?.focus();
  }

  private row(indicator: Indicator, index: number): HTMLElement {
    const { kind, settings } = indicator;
    const name = element("span", "indicator-name", KINDS[kind].name);
    name.style.setProperty("--line", `var(--series-${(index % MOST_INDICATORS) + 1})`);
    name.title = KINDS[kind].about;
    const fields = settings.map((value, place) => {
      const setting = KINDS[kind].settings[place]!;
      const input = element("input", "number");
      input.type = "number";
      input.value = String(value);
      [input.min, input.max, input.step] = [setting.least, setting.most, setting.step].map(String) as [string, string, string];
      input.dataset["place"] = `${index}.${place}`;
      input.addEventListener("change", () => {
        const next = settings.map((one, at) => (at === place ? boundedSetting(kind, place, input.valueAsNumber) : one));
        this.onChange(this.indicators.map((one) => (one === indicator ? { kind, settings: next } : one)));
      });
      return element("label", "", input, ` ${setting.name}`);
    });
    const remove = element("button", "text-button", "Remove");
    remove.type = "button";
    remove.dataset["place"] = `${index}.remove`;
    remove.setAttribute("aria-label", `Remove ${indicatorName(indicator)}`);
    remove.addEventListener("click", () => this.onChange(this.indicators.filter((one) => one !== indicator)));
    return element("div", "indicator", name, ...fields, remove);
  }

  private addButton(kind: (typeof INDICATOR_KINDS)[number]): HTMLElement {
    const button = element("button", "text-button", KINDS[kind].name);
    button.type = "button";
    button.dataset["place"] = kind;
    const useless = kind === "vwap" && !this.hasVolume;
    button.disabled = useless || this.indicators.length >= MOST_INDICATORS;
    button.title = useless ? "These candles have no volume" : KINDS[kind].about;
    button.addEventListener("click", () => this.onChange([...this.indicators, usualIndicator(kind)]));
    return button;
  }
}
