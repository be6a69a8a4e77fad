"""The player: a page that shows a run in time, with no server and no network."""
