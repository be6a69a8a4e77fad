// Every word that people read on the page; panels have theirs in words of their own name below.

export const words = {
  away: "The service does not answer. The page keeps what it shows and goes on when it is back.",
  back: "The service is back.",
  signedOut: "You are not signed in any more.",
  badLink: "There is no such link. It has expired or was taken back; ask whoever sent it for another.",
  refused: (/** @type {number} */ status) => `The service refused this (${status}).`,
  oldBrowser: (/** @type {string} */ why) =>
    `The map cannot be drawn (${why}). Expected a browser with WebGL 2, such as Firefox 115 or Chromium 115.`,
  title: (/** @type {string | null} */ name) => (name ? `${name} · witoil` : "witoil"),
  top: {
    theme: { auto: "Colours: as the system", light: "Colours: light", dark: "Colours: dark" },
    link: "Copy link",
    linkCopied: "Link copied",
    picture: "Picture",
    signOut: "Sign out",
    keys: "Keys",
  },
  signIn: {
    title: "Sign in",
    token: "Token",
    hint: "The operator of this service makes tokens. It is exchanged for a cookie that lasts 12 hours.",
    button: "Sign in",
    empty: "Paste a token first.",
    guest: "Look round as a guest",
  },
  map: {
    title: "Map",
    label: "Map: arrows move it, plus and minus zoom, Enter reads what is nearest to the middle",
    unfinished: (/** @type {any} */ job) =>
      (job.status === "failed" ? `This run failed: ${job.message}` : `This run has not come to its end yet (${job.status}).`),
    nothing: "This job left nothing that a map could show.",
    noSuchRun: "There is no such run of yours. It may have been removed, or the link is another person's.",
    pane: { run: "Map of the run", other: "Map of the run it is compared with" },
    named: (/** @type {"run" | "other"} */ key, /** @type {any} */ run) =>
      `${key === "run" ? "A" : "B"}: ${run.name}, ${run.job.created.slice(0, 16).replace("T", " ")} UTC`,
    tools: {
      title: "Map", closer: "Zoom in", farther: "Zoom out", whole: "Show the whole run",
      measure: "Measure a distance", picture: "Save a picture of the map",
    },
  },
  measure: {
    start: "Click places, or move the map and press Enter. Escape ends.",
    length: (/** @type {string} */ text) => `${text} in all`,
  },
  compare: {
    title: "Compare two runs", swipe: "Swipe", beside: "Side by side", end: "End", against: "against",
    line: "Line between the two runs",
  },
  layersTitle: "Layers",
  layers: {
    particles: "Particles", observed: "Slick observed", simulated: "Slick simulated",
    overlap: "Observed against simulated", coast: "Oil on the coast", currents: "Currents", winds: "Wind",
    base: "Map from elsewhere",
  },
  statuses: {
    afloat: "afloat", beached: "on the coast", submerged: "under water", sunk: "on the bottom",
    evaporated: "evaporated", left_domain: "left the area",
  },
  outline: "outline",
  noNodes: "No node of the field in view; zoom out.",
  dashed: "Dashed: of another time than the map shows.",
  only: { observed: "observed only", simulated: "simulated only", both: "both" },
  between: (/** @type {number} */ least, /** @type {number | undefined} */ next) => {
    const text = (/** @type {number} */ value) => value.toLocaleString("en");
    if (least === 0) return `less than ${text(/** @type {number} */ (next))}`;
    return next ? `${text(least)} to ${text(next)}` : `${text(least)} and more`;
  },
  nearestTime: (/** @type {string} */ time) => `Of ${time}, the nearest that there is.`,
  endOfRun: "At the end of the run.",
  arrow: (/** @type {number} */ speed) => `so long: ${Number(speed.toPrecision(2))} m/s`,
  time: {
    time: "Time", play: "Play", pause: "Pause", speed: "Speed", observed: "Observations",
    observedAt: (/** @type {string} */ time) => `Observed ${time}`,
    local: (/** @type {string} */ time) => time,
  },
  reading: {
    nothing: "Nothing here",
    noCell: (/** @type {string} */ title) => `${title}: nothing here`,
    mass: (/** @type {string} */ text) => `${text} of oil`,
    depth: (/** @type {string} */ metres) => `${metres} m deep`,
    surface: "at the surface",
    stretch: (/** @type {string} */ length, /** @type {string} */ shore) => `Coast, ${length} of ${shore ?? "unknown kind"}`,
    onStretch: (/** @type {string} */ mass, /** @type {string} */ perKm) => `${mass} of oil, ${perKm} kg/km`,
    first: (/** @type {string} */ time) => `first oiled ${time.slice(0, 16).replace("T", " ")} UTC`,
    slick: (/** @type {string} */ kind, /** @type {any} */ { areaKm2, name }) =>
      `Slick ${kind}${areaKm2 ? `, ${areaKm2.toFixed(1)} km²` : ""}${name ? `, ${name}` : ""}`,
  },
};
