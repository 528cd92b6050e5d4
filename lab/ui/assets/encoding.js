// Arrays of numbers as they travel: base64 of little-endian bytes.

const ARRAYS = {
  f4: Float32Array,
  f8: Float64Array,
  i1: Int8Array,
  i2: Int16Array,
  i4: Int32Array,
  u1: Uint8Array,
  u2: Uint16Array,
  u4: Uint32Array,
};

function bytes(text) {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

/**
 * Numbers from base64 of float32.
 * @param {string} text
 * @returns {Float32Array}
 */
export function floats(text) {
  return new Float32Array(bytes(text).buffer);
}

/**
 * An array of a Plotly figure as a plain list, also if it was sent as {dtype, bdata, shape};
 * two dimensions give a list of rows.
 * @param {*} value
 * @returns {Array}
 */
export function listOf(value) {
  if (value === null || value === undefined) return [];
  if (value.bdata === undefined) return Array.from(value);
  const flat = Array.from(new ARRAYS[value.dtype.replace(/[<>=|]/, "")](bytes(value.bdata).buffer));
  const shape = String(value.shape ?? flat.length).split(",").map(Number);
  if (shape.length === 1) return flat;
  return Array.from({ length: shape[0] }, (_, row) => flat.slice(row * shape[1], (row + 1) * shape[1]));
}
