// Visible words. Python may hand over a translation of any of them in `data.words`.

const ENGLISH = {
  play: "Play",
  pause: "Pause",
  timeline: "Moment of the training",
  epoch: "epoch {epoch} of {last}",
  path: "Step of the paths",
  step: "step {epoch} of {last}",
  progress: "Training",
  lost: "The connection to the lab was lost; the page will catch up when it is back.",
  table: "Table",
  table_cut: "The first {shown} of {all} rows.",
  network: "Network",
  which_network: "network {shown} of {networks}",
  legend: "Lines are weights: solid blue positive, dashed orange negative; the wider, the larger.",
  inputs: "Inputs",
  output: "Output",
  neurons: "{count} neurons",
  one_neuron: "1 neuron",
  hidden_layers: "Hidden layers",
  add_layer: "Add a hidden layer",
  remove_layer: "Remove the last hidden layer",
  add_neuron: "Add a neuron to layer {layer}",
  remove_neuron: "Remove a neuron from layer {layer}",
  neuron: "neuron {neuron} of layer {layer}",
  one_output: "output",
  some_output: "output {name}",
  input_neuron: "input {name}",
  bias: "bias",
  weight: "w ({from} → {to}) = {value}",
  by_hand: "set by hand",
  more_weights: "and {count} more",
  reset: "Reset weights",
  select_input: "Inputs have no weights: this one is computed from the position on the plane.",
  scaled: "where x1 = {first} and x2 = {second}",
  map: "Output",
  map_alt: "The network's output for {first} from {low} to {high} and {second} from {bottom} to {top}.",
  train: "training",
  test: "test",
  target: "target",
};

/**
 * Words of the stage: English, replaced by those given.
 * @param {Object<string, string>} [given] translations by key
 * @returns {Object<string, string>}
 */
export function wordsOf(given) {
  return { ...ENGLISH, ...given };
}

/**
 * A template such as "epoch {epoch} of {last}" with its gaps filled.
 * @param {string} template
 * @param {Object<string, string|number>} values
 * @returns {string}
 */
export function filled(template, values) {
  return template.replace(/\{(\w+)\}/g, (gap, name) => (name in values ? String(values[name]) : gap));
}

/**
 * A number as text, with a true minus sign; a network that diverged has "∞" and "NaN".
 * @param {number} value
 * @param {number} [digits] decimals
 * @returns {string}
 */
export function numeral(value, digits = 4) {
  const size = Math.abs(value);
  const text = size === Infinity ? "∞" : size.toFixed(digits); // NaN stays "NaN"
  return value < 0 && Number(text) !== 0 ? `−${text}` : text;
}

/**
 * How a neuron, an output or an input is called in sentences.
 * @param {{network: object, sizes: number[], words: Object<string, string>}} view
 * @param {number} column 0 for the inputs, then the hidden layers, then the output
 * @param {number} index from 0
 * @returns {string}
 */
export function neuronName({ network, sizes, words }, column, index) {
  if (column === 0) return network.inputs[index];
  if (column < sizes.length - 1) return filled(words.neuron, { neuron: index + 1, layer: column });
  if (network.outputs === 1) return words.one_output;
  return filled(words.some_output, { name: network.classes?.[index] ?? index + 1 });
}

const SUBSCRIPTS = { 1: "₁", 2: "₂" };

/**
 * A feature's key as a formula: "x1^2" becomes "x₁²".
 * @param {string} key
 * @returns {string}
 */
export function formula(key) {
  return key.replace(/x([12])/g, (_, digit) => `x${SUBSCRIPTS[digit]}`).replace("^2", "²");
}
