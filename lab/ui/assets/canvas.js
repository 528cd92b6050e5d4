// A sheet of 28x28 pixels to draw a digit on, with mouse, pen or finger.

import { element } from "./elements.js";

const SIDE = 28;
const ZOOM = 10; // device pixels per pixel of the sheet
const RADIUS = 1.35; // of the pen; MNIST's strokes are two to three pixels wide
const LEVELS = 3; // brightest of four grey levels
const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** Grey levels as text: 2 bits per pixel, base64url without padding; the empty sheet is the empty text. */
export function textOf(ink) {
  const levels = Array.from(ink, (value) => Math.round(LEVELS * value));
  if (levels.every((level) => level === 0)) return "";
  levels.push(0, 0); // 786 pixels fill 262 letters
  let text = "";
  for (let k = 0; k < levels.length; k += 3) {
    text += LETTERS[16 * levels[k] + 4 * levels[k + 1] + levels[k + 2]];
  }
  return text;
}

/** The inverse of `textOf`: values from 0 to 1. */
export function inkOf(text) {
  const ink = new Float32Array(SIDE * SIDE);
  Array.from(text).forEach((letter, k) => {
    const bits = LETTERS.indexOf(letter);
    [bits >> 4, (bits >> 2) & 3, bits & 3].forEach((level, place) => {
      if (3 * k + place < ink.length) ink[3 * k + place] = level / LEVELS;
    });
  });
  return ink;
}

/** Darken what a pen that goes from one place to another covers; its edge is soft. */
export function stroke(ink, from, to) {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const length = dx * dx + dy * dy;
  for (let row = 0; row < SIDE; row++) {
    for (let column = 0; column < SIDE; column++) {
      const [x, y] = [column + 0.5 - from.x, row + 0.5 - from.y];
      const share = length ? Math.min(1, Math.max(0, (x * dx + y * dy) / length)) : 0;
      const distance = Math.hypot(x - share * dx, y - share * dy);
      const dark = Math.min(1, Math.max(0, RADIUS + 0.5 - distance));
      const at = SIDE * row + column;
      ink[at] = Math.max(ink[at], dark);
    }
  }
}

class Sheet {
  constructor(parent) {
    this.ink = new Float32Array(SIDE * SIDE);
    this.sent = "";
    this.canvas = element("canvas", { width: SIDE * ZOOM, height: SIDE * ZOOM, role: "img" });
    this.canvas.style.cssText =
      "width:100%;max-width:280px;aspect-ratio:1;display:block;touch-action:none;cursor:crosshair;" +
      "border:1px solid var(--st-border-color,#8a94a3);border-radius:6px;background:#fff";
    this.clear = element("button", { class: "stage-button", type: "button" });
    this.clear.style.cssText =
      "margin-top:6px;min-height:1.75rem;padding:0 .7rem;border:1px solid var(--st-border-color,#8a94a3);" +
      "border-radius:6px;background:transparent;color:inherit;font:inherit;cursor:pointer";
    this.clear.addEventListener("click", () => this.wipe());
    this.canvas.addEventListener("pointerdown", (event) => this.begin(event));
    this.canvas.addEventListener("pointermove", (event) => this.move(event));
    for (const name of ["pointerup", "pointercancel"]) {
      this.canvas.addEventListener(name, () => this.end());
    }
    parent.append(this.canvas, this.clear);
  }

  /** Take what Python has sent; the learner's stroke of this moment is not disturbed by it. */
  receive({ data, setTriggerValue }) {
    this.trigger = setTriggerValue;
    this.clear.textContent = data.words.clear;
    this.canvas.setAttribute("aria-label", data.words.sheet);
    if (!this.last && data.image !== this.sent) {
      this.ink = inkOf(data.image);
      this.sent = data.image;
    }
    this.draw();
  }

  place(event) {
    const box = this.canvas.getBoundingClientRect();
    const scale = SIDE / box.width;
    return { x: (event.clientX - box.left) * scale, y: (event.clientY - box.top) * scale };
  }

  begin(event) {
    event.preventDefault();
    this.canvas.setPointerCapture(event.pointerId);
    this.last = this.place(event);
    stroke(this.ink, this.last, this.last);
    this.draw();
  }

  move(event) {
    if (!this.last) return;
    for (const one of event.getCoalescedEvents?.() ?? [event]) {
      const next = this.place(one);
      stroke(this.ink, this.last, next);
      this.last = next;
    }
    this.draw();
  }

  end() {
    if (!this.last) return;
    this.last = undefined;
    this.send();
  }

  wipe() {
    this.ink.fill(0);
    this.draw();
    this.send();
  }

  send() {
    this.sent = textOf(this.ink);
    this.trigger("drawing", this.sent);
  }

  draw() {
    const pen = this.canvas.getContext("2d");
    for (let at = 0; at < this.ink.length; at++) {
      const grey = Math.round(255 * (1 - this.ink[at]));
      pen.fillStyle = `rgb(${grey},${grey},${grey})`;
      pen.fillRect(ZOOM * (at % SIDE), ZOOM * Math.floor(at / SIDE), ZOOM, ZOOM);
    }
  }
}

/**
 * Mount the sheet, or bring a mounted one up to date.
 * @param {{data: object, parentElement: HTMLElement, setTriggerValue: function(string, *): void}} component
 */
export default function canvas(component) {
  const { parentElement } = component;
  parentElement.__sheet ??= new Sheet(parentElement);
  parentElement.__sheet.receive(component);
}
