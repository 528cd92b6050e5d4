// The live picture of a lesson: mounted by Streamlit, called again whenever its data change.

import { styleSheet } from "./elements.js";
import { Scene } from "./scene.js";
import { openStream } from "./stream.js";
import { merged } from "./record.js";
import { wordsOf } from "./words.js";

const GRACE = 100; // milliseconds: a clean-up followed by a new call is a change of data, not the end
const AGAIN = 4000; // milliseconds until Python is told again what it has not answered

/** Data in, triggers out; what is seen is the scene's. */
class Stage {
  constructor(parent, data) {
    this.parent = parent;
    this.wording = JSON.stringify(data.words);
    this.known = {};
    this.edits = new Map();
    const act = {
      edit: (weight, settled) => this.edit(weight, settled),
      reset: () => this.reset(),
      shape: (hidden) => this.trigger("shape", { hidden }),
      report: (name, value) => this.trigger(name, value),
    };
    this.scene = new Scene(data.assets, wordsOf(data.words), act);
    parent.append(this.scene.element);
    styleSheet(`${data.assets}stage.css`).then(() => this.draw());
  }

  /** Take what Python has sent: another run replaces the one before, the same run only adds to it. */
  receive({ data, setTriggerValue }) {
    this.trigger = setTriggerValue;
    const fresh = data.run !== this.run;
    this.run = data.run;
    if (fresh) this.begin();
    if (data.events !== this.events) this.listen(data.events);
    // While the stream is open it knows more than the message that Python kept.
    const complete = !data.events;
    if (data.message && (fresh || complete)) this.take(data.message);
    if (complete) this.settle();
    this.draw();
  }

  begin() {
    this.edits.clear();
    this.known = { ...this.known, notes: [], progress: null };
    this.lost = false;
    this.scene.begin();
  }

  listen(address) {
    this.close?.();
    this.close = undefined;
    this.events = address;
    if (!address) return;
    this.close = openStream(address, {
      message: (message) => {
        this.back();
        this.take(message);
        if (message.done) this.finish();
        this.draw();
      },
      lost: () => {
        this.lost = true;
        this.tell();
        this.draw();
      },
      back: () => this.back(),
    });
  }

  back() {
    if (!this.lost) return;
    this.lost = false;
    this.draw();
  }

  take(message) {
    if (message.network?.moments && (message.network.moments.from ?? 0) === 0) this.edits.clear();
    this.known = merged(this.known, message);
    this.scene.note(message);
  }

  // The address stays, so that the same data sent again do not open the finished stream anew.
  finish() {
    this.close?.();
    this.close = undefined;
    this.settle();
    this.tell();
  }

  // A run is complete: what it has not named is gone.
  settle() {
    const kept = this.scene.settle();
    if (!kept.network) delete this.known.network;
    this.known.figures = (this.known.figures ?? []).filter((figure) => kept.figures.has(figure.id));
  }

  // Python looks again on "done": when the line is lost, and when the run is over. While Streamlit's own line is
  // down, it drops what it is told: so we say it until there is an answer.
  tell() {
    this.trigger("done", this.run);
    clearTimeout(this.telling);
    this.telling = setTimeout(() => {
      if (this.lost || (this.events && !this.close)) this.tell();
    }, AGAIN);
  }

  edit({ layer, from, to, value }, settled) {
    this.edits.set(`${layer},${from},${to}`, value);
    this.scene.timeline.jump();
    this.draw();
    const epoch = this.known.network.moments.epochs.at(-1);
    if (settled) this.trigger("edit", { layer, from, to, value, epoch });
  }

  reset() {
    this.edits.clear();
    this.draw();
    this.trigger("reset", true);
  }

  draw() {
    const live = Boolean(this.close);
    this.scene.update({ known: this.known, edits: this.edits, run: this.run, live, lost: this.lost });
  }

  leave() {
    clearTimeout(this.telling);
    this.close?.();
    this.scene.close();
    delete this.parent.__stage;
  }
}

/**
 * Mount the stage, or bring a mounted one up to date.
 * @param {{data: object, parentElement: HTMLElement, setTriggerValue: function(string, *): void}} component
 *   what Streamlit hands to a component
 * @returns {function(): void} takes the stage off the page
 */
export default function stage(component) {
  const { data, parentElement } = component;
  let mounted = parentElement.__stage;
  clearTimeout(mounted?.ending);
  if (mounted && mounted.wording !== JSON.stringify(data.words)) {
    mounted.leave();
    mounted = undefined;
  }
  mounted ??= parentElement.__stage = new Stage(parentElement, data);
  mounted.receive(component);
  return () => {
    mounted.ending = setTimeout(() => mounted.leave(), GRACE);
  };
}
