// Every word that people read on the page; panels have theirs in words of their own name below.

export const words = {
  away: "The service does not answer. The page keeps what it shows and goes on when it is back.",
  back: "The service is back.",
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
};
