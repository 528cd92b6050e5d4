// One slot for a figure: title, plot, and the numbers as a table on demand.

import { element, write } from "./elements.js";
import { Plot } from "./plot.js";
import { tableElement, tableOf } from "./table.js";

/** A figure's place on the page; its plot node lives as long as the slot. */
export class FigureSlot {
  /**
   * @param {string} assets base address of the modules
   * @param {Object<string, string>} words
   * @param {function(string, object): void} [report] of `Plot`
   */
  constructor(assets, words, report = () => {}) {
    this.words = words;
    this.title = element("div", { class: "stage-title", role: "heading", "aria-level": 3 });
    this.node = element("div", { class: "stage-plot", role: "img" });
    this.summary = element("summary", {}, words.table);
    this.body = element("div", { class: "stage-table", tabindex: 0 });
    this.details = element("details", { ontoggle: () => this.fill() }, this.summary, this.body);
    this.element = element("section", { class: "stage-figure" }, this.title, this.node, this.details);
    this.plot = new Plot(this.node, assets, report);
  }

  /**
   * Show a figure in place of the one before.
   * @param {{title: string, alt: string, spec: object, table: ?function(): object}} figure `table` replaces
   *   the table made from the spec
   * @param {object} theme
   */
  update(figure, theme) {
    this.figure = figure;
    write(this.title, figure.title);
    this.node.setAttribute("aria-label", figure.alt ?? figure.title);
    this.body.setAttribute("aria-label", figure.title);
    this.element.dataset.figure = figure.id;
    this.plot.draw(figure.spec, theme);
    this.fill();
  }

  fill() {
    if (!this.details.open || !this.figure) return;
    const table = this.figure.table ? this.figure.table() : tableOf(this.figure.spec);
    this.body.replaceChildren(tableElement(table, this.figure.title, this.words));
  }

  /** Mark figures of an earlier run until this run has drawn them. */
  set stale(value) {
    this.element.toggleAttribute("data-dimmed", value);
  }

  get stale() {
    return this.element.hasAttribute("data-dimmed");
  }

  /** Take the slot off the page. */
  close() {
    this.plot.close();
    this.element.remove();
  }
}
