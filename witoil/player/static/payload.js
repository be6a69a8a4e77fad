// What a page is given: a header, and arrays packed as witoil/player/payload.py says.

/** Of the layout of the header that these modules read. */
export const VERSION = 1;

/**
 * @typedef {{kind: "linear", offset: number, step: number}
 *   | {kind: "logarithmic", greatest: number, ratio: number, most: number}} Scale
 * @typedef {Uint8Array | Uint16Array | Uint32Array} Numbers
 * @typedef {{data: Numbers, rows: number, columns: number}} Table
 */

const TYPES = { u1: Uint8Array, u2: Uint16Array, u4: Uint32Array };

/**
 * Return the arrays of a payload.
 * @param {{version: number, arrays: {name: string, type: "u1" | "u2" | "u4", shape: [number, number], bytes: number}[]}} header
 * @param {string} text in base64
 * @returns {Promise<Map<string, Table>>}
 */
export async function unpack(header, text) {
  if (header.version !== VERSION) {
    throw new Error(`found a payload of version ${header.version}, expected ${VERSION}`);
  }
  const content = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  /** @type {Map<string, Table>} */
  const tables = new Map();
  let start = 0;
  for (const { name, type, shape, bytes } of header.arrays) {
    const planes = await inflated(content.subarray(start, start + bytes));
    const data = joined(planes, new TYPES[type](shape[0] * shape[1]));
    addRows(data, shape[1]);
    tables.set(name, { data, rows: shape[0], columns: shape[1] });
    start += bytes;
  }
  return tables;
}

/** @param {Uint8Array} packed */
async function inflated(packed) {
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/**
 * Join bytes that lie apart, all lowest ones first.
 * @template {Numbers} T
 * @param {Uint8Array} bytes
 * @param {T} numbers filled and returned
 */
function joined(bytes, numbers) {
  const size = numbers.length;
  for (let plane = 0; plane < numbers.BYTES_PER_ELEMENT; plane += 1) {
    for (let k = 0; k < size; k += 1) {
      numbers[k] += bytes[plane * size + k] * 256 ** plane;
    }
  }
  return numbers;
}

/**
 * Add to each row the one before; the arrays wrap round, as the differences did.
 * @param {Numbers} data changed in place
 * @param {number} columns
 */
function addRows(data, columns) {
  for (let k = columns; k < data.length; k += 1) data[k] += data[k - columns];
}

/**
 * Return the value that a whole number stands for.
 * @param {Scale} scale
 * @param {number} number
 */
export function decoded(scale, number) {
  if (scale.kind === "linear") return scale.offset + scale.step * number;
  return number > 0 ? scale.greatest * scale.ratio ** (number - scale.most) : 0;
}
