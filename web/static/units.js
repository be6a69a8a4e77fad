// Units as people write them.

/** @param {string} unit of UDUNITS @returns {string} as people write it */
export function unitText(unit) {
  return ({ 1: "", um: "µm", "m s-1": "m/s", "m2 s-1": "m²/s", degree: "°" })[unit] ?? unit;
}
