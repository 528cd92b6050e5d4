// Everything that is seen: progress, network, map, time slider, figures. Drawn at most once a frame.

import { mix, themeAt } from "./colours.js";
import { element, write } from "./elements.js";
import { FigureSlot } from "./figure.js";
import { Inspector } from "./inspector.js";
import { Network } from "./network.js";
import { stepsOf } from "./paths.js";
import { layersAt, sizesOf } from "./record.js";
import { Surface } from "./surface.js";
import { Timeline } from "./timeline.js";

/** The scene of one stage. */
export class Scene {
  /**
   * @param {string} assets base address of the modules
   * @param {Object<string, string>} words
   * @param {{edit: function, reset: function, shape: function, report: function}} act what the learner's hand does
   */
  constructor(assets, words, act) {
    this.assets = assets;
    this.words = words;
    this.act = act;
    this.slots = new Map();
    this.selected = [1, 0];
    this.named = { network: false, figures: new Set() };
    const select = (place) => {
      this.selected = place;
      this.refresh();
    };
    this.network = new Network(words, { select, shape: act.shape });
    this.inspector = new Inspector(words, act);
    this.surface = new Surface(assets, words);
    this.timeline = new Timeline(words, () => this.refresh());
    const stepping = { ...words, epoch: words.step, timeline: words.path };
    this.player = new Timeline(stepping, () => this.refresh());
    this.element = this.layout();
    this.watchTheme();
  }

  layout() {
    this.bar = element("i");
    const scale = { "aria-label": this.words.progress, "aria-valuemin": 0, "aria-valuemax": 100 };
    this.meter = element("div", { class: "stage-meter", role: "progressbar", ...scale }, this.bar);
    this.progress = element("span", { class: "stage-progress" });
    this.notes = element("span", { class: "stage-notes", role: "status" });
    this.sentinel = element("i", { class: "stage-sentinel", "aria-hidden": "true" });
    this.left = element("div", { class: "stage-left" }, this.network.element, this.inspector.element);
    this.top = element("div", { class: "stage-top" }, this.left, this.surface.element);
    this.figures = element("div", { class: "stage-figures" });
    const line = element("div", { class: "stage-line" }, this.progress, this.notes);
    const inner = [this.meter, line, this.top, this.timeline.element];
    const root = element("div", { class: "stage", style: "min-height: 640px" }, this.sentinel, ...inner, this.figures);
    this.top.classList.add("stage-empty");
    this.figures.classList.add("stage-empty");
    return root;
  }

  // A transition of the sentinel's colour tells that the page's theme has changed, whatever changed it.
  watchTheme() {
    this.sentinel.addEventListener("transitionend", () => {
      this.theme = null;
      this.refresh();
    });
  }

  /** A new run: what is shown is of the run before, until this one names it. */
  begin() {
    this.fresh = true;
    this.named = { network: false, figures: new Set() };
    for (const slot of this.slots.values()) slot.stale = true;
  }

  /** Remember which parts a message has named; the last one names all there are. */
  note(message) {
    if (message.done) this.named.figures = new Set();
    if (message.network) this.named.network = true;
    for (const { id } of message.figures ?? []) this.named.figures.add(id);
  }

  /** A run is complete: figures that it has not named are taken off the page. */
  settle() {
    for (const [id, slot] of this.slots) {
      if (this.named.figures.has(id)) continue;
      slot.close();
      this.slots.delete(id);
    }
    return this.named;
  }

  /**
   * Show what is known.
   * @param {{known: object, edits: Map, run: string, live: boolean, lost: boolean}} state
   */
  update(state) {
    this.state = state;
    const { network } = state.known;
    if (this.named.network || !network) {
      this.timeline.update(network?.moments?.epochs ?? [], Boolean(this.fresh));
      this.fresh = false;
    }
    this.updatePlayer(state);
    this.refresh(true);
  }

  updatePlayer({ known, run }) {
    const steps = stepsOf(known.figures ?? []);
    const played = run !== this.playedRun && this.named.figures.size > 0;
    if (played) this.playedRun = run;
    if (steps === 0) this.player.element.remove();
    else if (!this.player.element.isConnected) this.figures.before(this.player.element);
    this.player.update([...Array(steps + 1).keys()], played);
  }

  /** Draw in the next frame; many wishes in one frame are one drawing. */
  refresh(figures = false) {
    this.figuresChanged ||= figures;
    this.frame ??= requestAnimationFrame(() => {
      this.frame = undefined;
      if (this.state) this.draw();
    });
  }

  draw() {
    const themed = !this.theme;
    if (themed) this.applyTheme();
    this.drawLines();
    this.drawNetwork();
    if (this.figuresChanged || themed) this.drawFigures(themed);
    this.figuresChanged = false;
    const epoch = this.state.known.network?.moments?.epochs[this.timeline.index] ?? null;
    const step = this.player.last > 0 ? this.player.index : null;
    for (const slot of this.slots.values()) {
      slot.plot.mark(epoch);
      slot.plot.playTo(step);
    }
  }

  applyTheme() {
    this.theme = themeAt(this.element);
    const { background, text, scheme, negative, positive, neutral } = this.theme;
    this.element.dataset.scheme = scheme;
    const [faint, quiet] = [0.1, 0.65].map((share) => mix(background, text, share));
    for (const [name, colour] of Object.entries({ negative, positive, neutral, faint, quiet })) {
      this.element.style.setProperty(`--stage-${name}`, colour);
    }
  }

  drawLines() {
    const { known, lost } = this.state;
    const { progress } = known;
    this.meter.dataset.active = Boolean(progress);
    this.bar.style.transform = `scaleX(${progress?.share ?? 0})`;
    this.meter.setAttribute("aria-valuenow", Math.round(100 * (progress?.share ?? 0)));
    this.meter.setAttribute("aria-valuetext", progress?.text ?? "");
    write(this.progress, progress?.text ?? "");
    write(this.notes, [...(lost ? [this.words.lost] : []), ...(known.notes ?? [])].join(" "));
  }

  drawNetwork() {
    const { network, figures = [] } = this.state.known;
    const complete = Boolean(network?.moments?.epochs.length);
    const nothingYet = this.state.live && figures.length === 0;
    const waiting = !complete && (nothingYet || Boolean(network));
    this.top.hidden = this.timeline.element.hidden = !complete && !waiting;
    this.top.classList.toggle("stage-empty", waiting);
    this.element.style.minHeight = this.top.hidden ? "" : "640px";
    this.top.toggleAttribute("data-dimmed", complete && !this.named.network);
    if (!complete) return;
    const view = this.view(network);
    this.network.update(view);
    this.inspector.update(view);
    this.surface.update(view);
  }

  view(network) {
    const { edits, live, run } = this.state;
    const sizes = sizesOf(network);
    if (!(this.selected[1] < sizes[this.selected[0]])) this.selected = [1, 0];
    const latest = this.timeline.index === this.timeline.last;
    const layers = layersAt(network, this.timeline.index, latest ? edits : undefined);
    const edited = new Set([...(network.edited ?? []).map(String), ...edits.keys()]);
    const { theme, words, selected } = this;
    return { network, sizes, layers, edited, selected, theme, words, run, frozen: live };
  }

  drawFigures(themed) {
    const { figures = [] } = this.state.known;
    this.figures.classList.toggle("stage-empty", figures.length === 0 && this.state.live);
    for (const [place, figure] of figures.entries()) {
      if (!this.slots.has(figure.id)) this.slots.set(figure.id, this.newSlot());
      const slot = this.slots.get(figure.id);
      slot.stale = !this.named.figures.has(figure.id);
      if (themed || slot.figure !== figure) slot.update(figure, this.theme);
      const there = this.figures.children[place];
      if (there !== slot.element) this.figures.insertBefore(slot.element, there ?? null);
    }
  }

  newSlot() {
    return new FigureSlot(this.assets, this.words, this.act.report);
  }

  /** Free plots and observers, and leave the page. */
  close() {
    cancelAnimationFrame(this.frame);
    this.timeline.pause();
    this.player.pause();
    this.network.close();
    this.surface.close();
    for (const slot of this.slots.values()) slot.close();
    this.element.remove();
  }
}
