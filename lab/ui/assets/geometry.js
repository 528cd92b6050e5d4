// Where neurons and weights lie in the drawing of a network.

const LEFT = 52; // pixels for the names of the inputs
const HEAD = 62; // pixels for the column heads
const PITCH = 54; // smallest distance of two columns: room for two buttons
const REACH = 7; // pixels from an edge at which it is still hit

function clamped(value, low, high) {
  return Math.min(Math.max(value, low), high);
}

/**
 * Places of all neurons.
 * @param {number[]} sizes neurons per column
 * @param {number} width pixels at hand
 * @param {boolean} named whether the outputs have names beside them
 * @returns {{width: number, height: number, size: number, row: number, pitch: number, columns: number[],
 *   nodes: object[][]}} `size` of a neuron, distances of rows and columns, middles of columns and neurons
 */
export function placed(sizes, width, named) {
  const right = named ? 66 : 24;
  const gaps = sizes.length - 1;
  const most = Math.max(...sizes);
  const pitch = Math.max((width - LEFT - right - 44) / gaps, PITCH);
  const size = Math.floor(clamped(Math.min(pitch * 0.55, 348 / most - 6), 22, 44));
  const row = Math.max(size + 5, Math.min(size + 20, 348 / most));
  const height = HEAD + Math.max(row * most, 236) + 8;
  const first = LEFT + 22;
  const columns = sizes.map((_, column) => first + column * pitch);
  const middle = (HEAD + height - 8) / 2;
  const nodes = sizes.map((count, column) =>
    Array.from({ length: count }, (_, k) => {
      const y = middle + (k - (count - 1) / 2) * row;
      return { x: columns[column], y };
    }),
  );
  return { width: columns.at(-1) + 22 + right, height, size, row, pitch, columns, nodes };
}

/**
 * The curve of a weight, from the right side of a neuron to the left side of the next.
 * @returns {string} path data
 */
export function curve(plan, layer, from, to) {
  const { x0, x1, y0, y1 } = ends(plan, layer, from, to);
  const middle = (x0 + x1) / 2;
  return `M${x0},${y0}C${middle},${y0} ${middle},${y1} ${x1},${y1}`;
}

function ends(plan, layer, from, to) {
  const [start, end] = [plan.nodes[layer][from], plan.nodes[layer + 1][to]];
  return { x0: start.x + plan.size / 2, x1: end.x - plan.size / 2, y0: start.y, y1: end.y };
}

// The curve's x share is 1.5 t - 1.5 t^2 + t^3, its y share 3 t^2 - 2 t^3; we find t for x by halving.
function heightShare(share) {
  let [low, high] = [0, 1];
  for (let k = 0; k < 30; k++) {
    const t = (low + high) / 2;
    if (1.5 * t - 1.5 * t * t + t ** 3 < share) low = t;
    else high = t;
  }
  return 3 * low * low - 2 * low ** 3;
}

/**
 * The weight whose curve is nearest to a point, if it is near enough.
 * @param {object} plan
 * @param {number} x
 * @param {number} y
 * @returns {?number[]} [layer, from, to]
 */
export function nearestEdge(plan, x, y) {
  const half = plan.size / 2;
  const layer = plan.columns.findIndex((column, k) => x > column + half && x < plan.columns[k + 1] - half);
  if (layer < 0) return null;
  const { x0, x1 } = ends(plan, layer, 0, 0);
  const share = heightShare((x - x0) / (x1 - x0));
  let best = null;
  let distance = REACH;
  plan.nodes[layer].forEach((start, from) =>
    plan.nodes[layer + 1].forEach((end, to) => {
      const away = Math.abs(start.y + share * (end.y - start.y) - y);
      if (away < distance) [best, distance] = [[layer, from, to], away];
    }),
  );
  return best;
}
