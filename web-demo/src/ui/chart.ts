// A line over time, as a drawing. It keeps the last values, and scales itself to them.

import { el, svg } from "./dom";

/** Values kept, and so the width of the picture. */
const KEPT = 120;
const HEIGHT = 260;
const LEFT = 60;
const RIGHT = 12;
const BOTTOM = 10;
const LINES = 4;

export class Chart {
  private readonly values: number[] = [];
  private readonly gaps = new Set<number>();
  private count = 0;
  private readonly line = svg("path", { class: "chart-line" });
  private readonly area = svg("path", { class: "chart-area" });
  private readonly dot = svg("circle", { class: "chart-dot", r: 4, visibility: "hidden" });
  private readonly grid = svg("g", { class: "chart-grid" });
  private width = 600;
  readonly element: HTMLElement;

  constructor(label: string) {
    const picture = svg("svg", { height: HEIGHT, role: "img", "aria-label": label }, this.grid, this.area, this.line, this.dot);
    this.element = el("div", { class: "chart" }, picture);
    // Drawn for the width it has, so that letters keep their size on a phone.
    new ResizeObserver(([entry]) => {
      this.width = Math.max(200, entry?.contentRect.width ?? 0);
      this.draw();
    }).observe(this.element);
  }

  push(value: number): void {
    this.values.push(value);
    this.count += 1;
    if (this.values.length > KEPT) this.values.shift();
    this.draw();
  }

  /** The next value does not follow from the last: the line is broken there. */
  gap(): void {
    this.gaps.add(this.count);
  }

  clear(): void {
    this.values.length = 0;
    this.gaps.clear();
    this.count = 0;
    this.draw();
  }

  private draw(): void {
    const [low, high] = bounds(this.values);
    const x = (index: number) => LEFT + ((this.width - LEFT - RIGHT) * index) / (KEPT - 1);
    const y = (value: number) => HEIGHT - BOTTOM - ((HEIGHT - 2 * BOTTOM) * (value - low)) / (high - low);
    const first = this.count - this.values.length;
    for (const at of this.gaps) if (at <= first) this.gaps.delete(at);
    let path = "";
    let area = "";
    let start = 0;
    this.values.forEach((value, index) => {
      const isStart = index === 0 || this.gaps.has(first + index);
      if (isStart) start = index;
      path += `${isStart ? "M" : "L"}${x(index).toFixed(1)} ${y(value).toFixed(1)}`;
      const isLast = index === this.values.length - 1 || this.gaps.has(first + index + 1);
      area += isStart ? `M${x(index).toFixed(1)} ${HEIGHT - BOTTOM}` : "";
      area += `L${x(index).toFixed(1)} ${y(value).toFixed(1)}`;
      if (isLast) area += `L${x(index).toFixed(1)} ${HEIGHT - BOTTOM}L${x(start).toFixed(1)} ${HEIGHT - BOTTOM}Z`;
    });
    this.line.setAttribute("d", path);
    this.area.setAttribute("d", area);
    const last = this.values.at(-1);
    this.dot.setAttribute("visibility", last === undefined ? "hidden" : "visible");
    if (last !== undefined) {
      this.dot.setAttribute("cx", x(this.values.length - 1).toFixed(1));
      this.dot.setAttribute("cy", y(last).toFixed(1));
    }
    this.grid.replaceChildren(...Array.from({ length: LINES + 1 }, (_, step) => {
      const value = low + ((high - low) * step) / LINES;
      const height = y(value).toFixed(1);
      return svg("g", {},
        svg("line", { x1: LEFT, x2: this.width - RIGHT, y1: height, y2: height }),
        svg("text", { x: LEFT - 8, y: height, "text-anchor": "end", "dominant-baseline": "middle" }, this.values.length ? value.toFixed(1) : ""));
    }));
  }
}

/** A little more than the values need; never nothing. */
function bounds(values: readonly number[]): [number, number] {
  if (values.length === 0) return [0, 1];
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const margin = Math.max(0.5, (high - low) * 0.1);
  return [low - margin, high + margin];
}
