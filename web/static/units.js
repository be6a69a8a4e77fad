// Units and shares as people write them.

/** @param {string} unit of UDUNITS @returns {string} as people write it */
export function unitText(unit) {
  return ({ 1: "", um: "µm", "m s-1": "m/s", "m2 s-1": "m²/s", degree: "°" })[unit] ?? unit;
}

/**
 * Return shares of one whole as percentages that add up to it: those that lose most by rounding are rounded up.
 * @param {number[]} shares [1]
 * @param {number} [decimals]
 * @returns {string[]} what is there is never 0
 */
export function percentages(shares, decimals = 1) {
  const unit = 10 ** decimals;
  const exact = shares.map((share) => 100 * unit * share);
  const counts = exact.map(Math.floor);
  const sum = (/** @type {number[]} */ values) => values.reduce((all, value) => all + value, 0);
  const left = Math.round(sum(exact)) - sum(counts);
  const byLoss = exact.map((_, k) => k).sort((one, other) => exact[other] - counts[other] - (exact[one] - counts[one]));
  for (const k of byLoss.slice(0, left)) counts[k] += 1;
  return counts.map((count, k) => (count === 0 && shares[k] > 0 ? `<${1 / unit} %` : `${(count / unit).toFixed(decimals)} %`));
}
