// Small makers of DOM elements, and files that a page loads once.

const SVG = "http://www.w3.org/2000/svg";

/**
 * An HTML element with attributes and children. Attributes whose name begins with "on" are listeners;
 * null and false leave an attribute out.
 * @param {string} tag
 * @param {Object<string, *>} [attributes]
 * @param {...(Node|string)} children
 * @returns {HTMLElement}
 */
export function element(tag, attributes = {}, ...children) {
  return dressed(document.createElement(tag), attributes, children);
}

/**
 * An SVG element with attributes and children.
 * @param {string} tag
 * @param {Object<string, *>} [attributes]
 * @param {...Node} children
 * @returns {SVGElement}
 */
export function vector(tag, attributes = {}, ...children) {
  return dressed(document.createElementNS(SVG, tag), attributes, children);
}

function dressed(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

/**
 * Set a node's text if it differs, so that screen readers hear only changes.
 * @param {Node} node
 * @param {string} text
 */
export function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/**
 * Replace what `fill` draws inside a node, and give the focus back to the element with the same data-key.
 * @param {HTMLElement} node
 * @param {function(): void} fill
 */
export function refill(node, fill) {
  const key = node.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
  fill();
  if (key) node.querySelector(`[data-key="${key}"]`)?.focus({ preventScroll: true });
}

const loads = (window.__stageLoads ??= new Map());

function loaded(address, make) {
  if (!loads.has(address)) {
    const promise = new Promise((resolve, reject) => {
      const node = make();
      node.onload = resolve;
      node.onerror = () => {
        loads.delete(address);
        reject(new Error(`could not load ${address}`));
      };
      document.head.append(node);
    });
    loads.set(address, promise);
  }
  return loads.get(address);
}

/**
 * Load a style sheet, once for a page.
 * @param {string} address
 * @returns {Promise}
 */
export function styleSheet(address) {
  return loaded(address, () => element("link", { rel: "stylesheet", href: address }));
}

/**
 * The Plotly library, loaded once for a page.
 * @param {string} assets base address, ending in a slash
 * @returns {Promise<object>}
 */
export async function plotly(assets) {
  const address = `${assets}plotly.min.js`;
  if (!window.Plotly) await loaded(address, () => element("script", { src: address }));
  return window.Plotly;
}
