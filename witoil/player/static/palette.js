// Colours that the colour-blind can tell apart, on light and on dark ground.

/**
 * @typedef {{dark: boolean, sea: string, beyond: string, land: string, coast: string, ink: string,
 *   muted: string, halo: string, grid: string, seen: string, source: string}} Ground
 */

/** @type {Ground} */
const LIGHT = {
  dark: false, sea: "#f3f7fa", beyond: "#e3e8ec", land: "#ddd8cc", coast: "#9b917c", ink: "#1f2933",
  muted: "#5b6673", halo: "#ffffff", grid: "#d4dde4", seen: "#b3226f", source: "#f0e442",
};

/** @type {Ground} */
const DARK = {
  dark: true, sea: "#101a22", beyond: "#0a1016", land: "#3a3832", coast: "#8d8471", ink: "#e8edf1",
  muted: "#a3b0bb", halo: "#0a1016", grid: "#22313d", seen: "#ff8fc8", source: "#f0e442",
};

/** Of Okabe and Ito; name of a status or of a fate -> on light ground, on dark ground. */
const OF_NAME = /** @type {Record<string, [string, string]>} */ ({
  afloat: ["#2b3743", "#e8edf1"],
  floating: ["#2b3743", "#e8edf1"],
  submerged: ["#0072b2", "#3f9fdc"],
  dispersed: ["#0072b2", "#3f9fdc"],
  sunk: ["#56b4e9", "#9ad7f7"],
  beached: ["#d55e00", "#ff8248"], // the orange is that of slicks observed
  evaporated: ["#aab6c0", "#66737e"],
  left_domain: ["#cc79a7", "#dd9fc3"],
});

// viridis, at equal steps
const RAMP = [
  "#440154", "#482475", "#414487", "#355f8d", "#2a788e", "#21918c", "#22a884", "#44bf70", "#7ad151",
  "#bddf26", "#fde725",
];

/** @param {boolean} dark */
export function ground(dark) {
  return dark ? DARK : LIGHT;
}

/** @param {string} name of a status or of a fate @param {boolean} dark */
export function colourOf(name, dark) {
  return (OF_NAME[name] ?? ["#888888", "#888888"])[dark ? 1 : 0];
}

/**
 * Return one colour for each class, from little to much: away from the ground.
 * @param {number} count
 * @param {boolean} dark
 */
export function ramp(count, dark) {
  const colours = Array.from({ length: count }, (_, k) => {
    const place = count === 1 ? 5 : (k / (count - 1)) * 9;
    return RAMP[Math.round(dark ? 1 + place : 9 - place)];
  });
  return colours;
}

/** @param {string} colour like #e69f00 @returns {[number, number, number]} */
export function channels(colour) {
  const number = parseInt(colour.slice(1), 16);
  return [number >> 16, (number >> 8) & 255, number & 255];
}
