// The time slider: which recorded moment is shown. It never asks the server.

import { element, write } from "./elements.js";
import { filled } from "./words.js";

const PACE = 100; // milliseconds per moment while playing
const LONGEST = 6000; // milliseconds for all moments

/** Play, pause, and a range over the recorded moments. */
export class Timeline {
  /**
   * @param {Object<string, string>} words
   * @param {function(number): void} show called when another moment is to be shown
   */
  constructor(words, show) {
    this.words = words;
    this.show = show;
    this.epochs = [];
    this.index = 0;
    this.following = true;
    const onclick = () => this.toggle();
    this.button = element("button", { type: "button", class: "stage-button stage-play", onclick });
    this.range = element("input", { type: "range", min: 0, step: 1, "aria-label": words.timeline });
    this.range.addEventListener("input", () => this.take(Number(this.range.value)));
    this.text = element("span", { class: "stage-epoch" });
    this.element = element("div", { class: "stage-timeline" }, this.button, this.range, this.text);
    this.draw();
  }

  get last() {
    return Math.max(this.epochs.length - 1, 0);
  }

  /**
   * Take the epochs of all recorded moments; follow the newest unless the learner has taken hold.
   * @param {number[]} epochs
   * @param {boolean} fresh a new run begins
   */
  update(epochs, fresh) {
    if (fresh) {
      this.pause();
      this.following = true;
    }
    this.epochs = epochs;
    this.index = this.following ? this.last : Math.min(this.index, this.last);
    this.draw();
  }

  /** The learner takes hold of the slider. */
  take(index) {
    this.pause();
    this.move(index);
    this.following = index === this.last;
  }

  /** Show the newest moment, as an edit of its weights asks for. */
  jump() {
    this.pause();
    this.following = true;
    this.move(this.last);
  }

  move(index) {
    if (index === this.index) return;
    this.index = index;
    this.draw();
    this.show(index);
  }

  toggle() {
    if (this.frame) this.pause();
    else this.play();
  }

  play() {
    if (this.last === 0) return;
    this.following = false;
    const start = this.index === this.last ? 0 : this.index;
    const pace = Math.min(PACE, LONGEST / this.last);
    let began;
    const tick = (now) => {
      began ??= now;
      this.frame = requestAnimationFrame(tick);
      this.move(Math.min(start + Math.floor((now - began) / pace), this.last));
      if (this.index !== this.last) return;
      this.following = true;
      this.pause();
    };
    this.frame = requestAnimationFrame(tick);
    this.draw();
  }

  pause() {
    cancelAnimationFrame(this.frame);
    this.frame = undefined;
    this.draw();
  }

  draw() {
    const [epoch, last] = [this.epochs[this.index] ?? 0, this.epochs.at(-1) ?? 0];
    const text = filled(this.words.epoch, { epoch, last });
    this.range.max = this.last;
    this.range.value = this.index;
    this.range.disabled = this.last === 0;
    this.button.disabled = this.last === 0;
    this.range.setAttribute("aria-valuetext", text);
    this.range.style.setProperty("--share", this.last ? this.index / this.last : 0);
    write(this.text, text);
    write(this.button, this.frame ? this.words.pause : this.words.play);
    this.button.dataset.playing = Boolean(this.frame);
  }
}
