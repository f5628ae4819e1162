// A list of any length of which only what is seen is in the page. All rows have one
// height; those in view, and a few beyond it for the next turn of the wheel, stand at
// their places in a box as high as all of them together. The row that has the
// keyboard's focus stays, wherever it is: a focus that vanishes begins at the top.
export interface Row<T> {
  readonly root: HTMLElement;
  /** Shows this item from now on; `index` is its place in the list. */
  show(item: T, index: number): void;
}

const BEYOND = 6;

/** The rows to have in the page: from `first` up to and without `end`. */
export function rowsInView(scrollTop: number, viewHeight: number, rowHeight: number, count: number): { first: number; end: number } {
  const first = Math.max(0, Math.floor(scrollTop / rowHeight) - BEYOND);
  const end = Math.min(count, Math.ceil((scrollTop + viewHeight) / rowHeight) + BEYOND);
  return { first: Math.min(first, end), end };
}

export class VirtualRows<T> {
  private items: readonly T[] = [];
  private rows = new Map<string, Row<T>>();
  private spare: Row<T>[] = [];
  private waiting = false;
  private first = 0;
  private end = 0;
  private height = 0; // asked for when it changes only: asking makes the browser lay out the page

  constructor(
    private readonly scroll: HTMLElement,
    private readonly space: HTMLElement,
    private readonly rowHeight: number,
    private readonly keyOf: (item: T) => string,
    private readonly make: () => Row<T>,
    private readonly onView: (items: readonly T[]) => void,
  ) {
    scroll.addEventListener("scroll", () => this.later(), { passive: true });
    new ResizeObserver(() => {
      this.height = scroll.clientHeight;
      this.later();
    }).observe(scroll);
  }

  /** The items that are in the page now, from the top. */
  get shown(): readonly T[] {
    return this.items.slice(this.first, this.end);
  }

  setItems(items: readonly T[]): void {
    this.items = items;
    this.space.style.height = `${items.length * this.rowHeight}px`;
    this.render();
  }

  /** Shows these anew where they are in the page. */
  update(keys: ReadonlySet<string>): void {
    for (let index = this.first; index < this.end; index++) {
      const item = this.items[index]!;
      const key = this.keyOf(item);
      if (keys.has(key)) this.rows.get(key)?.show(item, index);
    }
  }

  rowOf(key: string): Row<T> | undefined {
    return this.rows.get(key);
  }

  /** Scrolls so that the item at this place is seen, and has its row in the page at once. */
  reveal(index: number): void {
    const top = index * this.rowHeight;
    const { height } = this;
    if (top < this.scroll.scrollTop) this.scroll.scrollTop = top;
    else if (top + this.rowHeight > this.scroll.scrollTop + height) this.scroll.scrollTop = top + this.rowHeight - height;
    this.render();
  }

  private later(): void {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      this.render();
    });
  }

  private render(): void {
    const { first, end } = rowsInView(this.scroll.scrollTop, this.height, this.rowHeight, this.items.length);
    [this.first, this.end] = [first, end];
    const focused = this.focusedKey();
    const wanted: number[] = [];
    this.items.forEach((item, index) => {
      if ((index >= first && index < end) || this.keyOf(item) === focused) wanted.push(index);
    });
    const keys = new Set(wanted.map((index) => this.keyOf(this.items[index]!)));
    for (const [key, row] of this.rows) {
      if (keys.has(key)) continue;
      row.root.remove();
      this.rows.delete(key);
      this.spare.push(row);
    }
    let before: ChildNode | null = this.space.firstChild;
    for (const index of wanted) {
      const row = this.place(index);
      if (row.root === before) before = before.nextSibling;
      else this.space.insertBefore(row.root, before);
    }
    this.spare.length = Math.min(this.spare.length, 2 * BEYOND);
    this.onView(this.items.slice(first, end));
  }

  private place(index: number): Row<T> {
    const item = this.items[index]!;
    const key = this.keyOf(item);
    const row = this.rows.get(key) ?? this.spare.pop() ?? this.make();
    this.rows.set(key, row);
    row.root.style.transform = `translateY(${index * this.rowHeight}px)`;
    row.show(item, index);
    return row;
  }

  private focusedKey(): string | undefined {
    const active = document.activeElement;
    if (!active || !this.space.contains(active)) return undefined;
    for (const [key, row] of this.rows) if (row.root.contains(active)) return key;
    return undefined;
  }
}
