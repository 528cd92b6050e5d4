// Colours of values and classes, and the theme of the page.

const SCHEMES = {
  light: { negative: "#d9730d", neutral: "#eff1f3", positive: "#0b6fb8", point: "#ffffff", test: "#22252e" },
  dark: { negative: "#ee8a35", neutral: "#272c36", positive: "#3d9be0", point: "#ffffff", test: "#0b0d12" },
};
const CLASSES = ["#d9730d", "#0b6fb8", "#009e73", "#cc79a7", "#b59b00", "#56b4e9"];

/** One symbol per class, so that classes do not rest on colour alone. */
export const SYMBOLS = ["circle", "square", "diamond", "triangle-up", "cross", "star"];

/**
 * Red, green and blue of a CSS colour.
 * @param {string} colour
 * @returns {number[]} each from 0 to 255
 */
export function channels(colour) {
  const hex = /^#([0-9a-f]{6})/i.exec(colour.trim());
  if (hex) return [0, 2, 4].map((k) => parseInt(hex[1].slice(k, k + 2), 16));
  return (colour.match(/[\d.]+/g) ?? [255, 255, 255]).slice(0, 3).map(Number);
}

/**
 * A colour between two others.
 * @param {string} from
 * @param {string} to
 * @param {number} share 0 gives `from`, 1 gives `to`
 * @returns {string}
 */
export function mix(from, to, share) {
  const [start, end] = [channels(from), channels(to)];
  return `rgb(${start.map((value, k) => Math.round(value + share * (end[k] - value))).join(",")})`;
}

/**
 * The theme in force at an element: Streamlit's variables and the lab's colours of values.
 * @param {HTMLElement} node
 * @returns {object}
 */
export function themeAt(node) {
  const style = getComputedStyle(node);
  const variable = (name, other) => style.getPropertyValue(`--st-${name}`).trim() || other;
  const background = variable("background-color", "#ffffff");
  const dark = channels(background).reduce((sum, value) => sum + value, 0) < 384;
  const scheme = dark ? "dark" : "light";
  return {
    scheme,
    background,
    text: variable("text-color", dark ? "#fafafa" : "#31333f"),
    panel: variable("secondary-background-color", dark ? "#262730" : "#f0f2f6"),
    font: variable("font", "sans-serif"),
    ...SCHEMES[scheme],
    classes: CLASSES.map((colour, k) => [SCHEMES[scheme].negative, SCHEMES[scheme].positive][k] ?? colour),
  };
}

/**
 * How outputs become colours: the scale from the first to the last colour.
 * @param {object} network
 * @returns {{low: number, high: number}} outputs at the ends of the colour scale
 */
export function outputRange(network) {
  if (network.task === "regression") return { low: network.range[0], high: network.range[1] };
  if (network.output === "sigmoid" || network.output === "softmax") return { low: 0, high: 1 };
  return { low: -1, high: 1 };
}

/**
 * 256 colours between stops, as bytes of an image.
 * @param {string[]} stops CSS colours at equal distances
 * @returns {Uint8ClampedArray} four bytes per colour
 */
export function ramp(stops) {
  const colours = stops.map(channels);
  const bytes = new Uint8ClampedArray(256 * 4);
  for (let k = 0; k < 256; k++) {
    const place = (k / 255) * (stops.length - 1);
    const left = Math.min(Math.floor(place), stops.length - 2);
    const [from, to] = [colours[left], colours[left + 1]];
    for (let c = 0; c < 3; c++) bytes[4 * k + c] = from[c] + (place - left) * (to[c] - from[c]);
    bytes[4 * k + 3] = 255;
  }
  return bytes;
}
