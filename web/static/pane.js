// A map of one run: ground, oil and marks, one over the other. Two of them have one camera.

import { timeText } from "../player/format.js";
import { ground } from "../player/palette.js";
import { latitudeOf, northing } from "../player/mercator.js";
import { View } from "../player/view.js";
import { ageColours } from "./ages.js";
import { addressOf, askJson, credentials, lookWhetherAway, onAway, ProblemError } from "./api.js";
import { Arrows } from "./arrows.js";
import { make } from "./dom.js";
import { Dots } from "./dots.js";
import { drawMarks } from "./drawing.js";
import { Found } from "./found.js";
import { switched } from "./legend.js";
import { drawsInSoftware, Points } from "./points.js";
import { styleOf } from "./ground.js";
import { loadRun, momentOf } from "./run.js";
import { words } from "./words.js";

/**
 * @typedef {import("./state.js").State} State
 * @typedef {import("./run.js").Run} Run
 * @typedef {{lon: number, lat: number}} Place
 */

const WORLD = { lon: 15, lat: 35, zoom: 2.2 };
const FIRST = ["probability", "source"]; // of fields, which are shown by themselves
const OURS = ["coarse", "fine", "raster"]; // sources of the map whose tiles are those of the service
const CLOSED = [401, 403]; // answers to whoever may not look any more
const ROUGH = 9; // zoom from which one sees how far off the coast of the world lies
const PATIENCE = 400; // milliseconds for which nobody is told that particles are on their way
const FEWER = 4; // one particle in so many while the map moves
const STILL = matchMedia("(prefers-reduced-motion: reduce)");

export class Pane {
  /**
   * @param {HTMLElement} root
   * @param {State} state
   * @param {"run" | "other"} key of the state, which run is shown
   */
  constructor(root, state, key) {
    this.root = root;
    this.state = state;
    this.key = key;
    /** @type {Run | null} */
    this.run = null;
    this.loading = new AbortController();
    this.hidden = new Set(["evaporated"]); // no oil is left of them
    /** @type {import("./reading.js").Picked | null} */
    this.picked = null;
    /** @type {[number, number][]} places that are measured, in the projection */
    this.measured = [];
    this.told = ""; // of the run at the time that is shown
    this.fault = ""; // why something of the run did not come
    /** @type {{step: number, here: import("./steps.js").Step, next: import("./steps.js").Step | null, part: number} | null} particles drawn last */
    this.last = null;
    /** @type {number | null} since when those that are shown are on their way */
    this.lateSince = null;
    this.isPlaced = state.get("camera") !== null; // by a link, or the other map
    this.isMoving = false;
    this.isStyled = false;
    this.pending = false;
    this.hasShown = false;
    /** @type {{run: string, bounds: number[]} | null} the coast that the run had, and within what */
    this.coast = null;
    /** @type {string | null} id of the job that was asked for last */
    this.asked = null;
    /** @type {string | null} the state of a job whose end is awaited */
    this.waitsSince = null;
    /** @type {(() => void) | undefined} called when another run is shown, or none */
    this.onRun = undefined;
    /** @type {(() => void) | undefined} called when more of the run is here */
    this.onArrival = undefined;
    this.under = make("canvas", { class: "under", "aria-hidden": "true" });
    this.oil = make("canvas", { class: "oil", "aria-hidden": "true" });
    this.marks = make("canvas", { class: "marks", "aria-hidden": "true" });
    this.message = make("p", { class: "message float", role: "status", hidden: true });
    const base = make("div", { class: "ground" });
    this.rough = make("p", { class: "float rough", hidden: true }, words.roughCoast);
    root.append(base, this.under, this.oil, this.marks, this.rough, this.message);
    const world = /** @type {any} */ ([-180, northing(-85), 180, northing(85)]);
    this.view = new View(world, world);
    this.map = this.#makeMap(base);
    this.isSoftware = drawsInSoftware(this.map);
    this.arrows = new Arrows(() => {
      this.show();
      this.onArrival?.();
    });
    this.found = new Found(state, () => {
      this.show();
      this.onArrival?.();
    });
    this.ends = [
      state.subscribe([key, "runs"], () => this.#load()),
      state.subscribe(["time", "layers", "found"], () => this.show()),
      state.subscribe(["dark"], () => this.restyle()),
      state.subscribe(["camera"], () => this.#follow()),
      onAway((isAway) => {
        if (!isAway) this.#getTiles();
      }),
    ];
    this.#load();
  }

  get isDark() {
    return this.state.get("dark");
  }

  /** @returns {number} milliseconds since 1970 */
  get now() {
    const time = this.state.get("time");
    return time ? Date.parse(time) : (this.run?.times[0] ?? 0);
  }

  /** @returns {{step: number, part: number}} */
  get moment() {
    return momentOf(this.run?.times ?? [], this.now);
  }

  /** @returns {boolean} whether the time that is shown is one of the run, in whole seconds, as the state has it; beside another run it may not be */
  get isUnderWay() {
    const times = this.run?.times ?? [];
    return Math.floor(times[0] / 1000) * 1000 <= this.now && this.now <= times[times.length - 1];
  }

  /** @param {string} name */
  isOn(name) {
    return Boolean(this.state.get("layers")[name]);
  }

  get showsParticles() {
    return this.isOn("particles") || this.isOn("age"); // by what they do, or by how long they are out
  }

  /** Draw in the next frame, once. */
  show() {
    if (this.pending) return;
    this.pending = true;
    requestAnimationFrame(() => {
      this.pending = false;
      this.draw();
    });
  }

  draw() {
    this.rough.hidden = Boolean(this.coast) || this.hasBase || this.map.getZoom() < ROUGH;
    this.found.want(this.isOn("detections") ? this.view : null);
    if (!this.run) {
      this.dots?.clear();
      drawMarks(this);
      return;
    }
    this.#showRaster();
    if (this.points && this.isStyled && !this.map.getLayer("particles")) this.map.addLayer(this.points.layer);
    this.#drawOil();
    const name = ["currents", "winds"].filter((each) => this.isOn(each));
    this.arrows.want(this.run, name, this.view, this.run.times[this.moment.step] ?? this.now);
    drawMarks(this);
    this.#tell();
    this.root.dataset.step = String(this.moment.step);
  }

  #drawOil() {
    const { dots, points } = this;
    const steps = this.run?.steps;
    const { step, part } = this.moment;
    const isShown = Boolean(steps && this.showsParticles && this.isUnderWay);
    const here = isShown ? steps?.get(step) : null;
    const next = here && part > 0 ? steps?.get(step + 1) ?? null : null;
    if (here) this.last = { step, here, next, part: next ? part : 0 };
    this.#wait(isShown && !here);
    if (!steps || !isShown || !this.last) {
      points?.show(null);
      dots?.clear();
      return;
    }
    const every = this.isMoving && !points ? FEWER : 1;
    const colours = this.isOn("age") ? ageColours(steps.header, this.isDark) : null;
    // what was there stays until more comes, at its place on the map, which may have moved
    const moment = { ...this.last, every, hidden: this.hidden, dark: this.isDark, ageColours: colours };
    if (points) points.show(moment);
    else dots?.draw(this.view, moment);
  }

  /** Take the time from which particles are waited for. @param {boolean} isLate whether those that are shown are on their way */
  #wait(isLate) {
    if (isLate && this.lateSince === null) setTimeout(() => this.show(), PATIENCE); // to say so by then
    this.lateSince = isLate ? this.lateSince ?? performance.now() : null;
  }

  /** @returns {string} what has to be known of the run at the time that is shown */
  get #news() {
    const { steps, times } = /** @type {Run} */ (this.run);
    if (steps && !this.isUnderWay) return words.map.otherTimes(timeText(times[0]), timeText(times[times.length - 1]));
    const isLate = this.lateSince !== null && performance.now() - this.lateSince >= PATIENCE;
    return this.fault || (isLate ? words.map.late(this.last && timeText(times[this.last.step])) : "");
  }

  /** @param {string} why something of what is shown did not come */
  #fail(why) {
    this.fault = why;
    if (this.run) this.#tell();
  }

  #tell() {
    const told = this.#news;
    if (told !== this.told) this.say(told);
    this.told = told;
  }

  #showRaster() {
    const on = this.run?.rasters.find(({ id }) => this.isOn(`raster:${id}`));
    const tiles = on ? this.run?.tilesOf(on, this.now) : "";
    if (this.rasterTiles === tiles || !this.isStyled) return;
    this.rasterTiles = tiles;
    const before = this.map.getSource("raster");
    if (before && on && this.rasterId === on.id) {
      before.setTiles([tiles]); // what was there stays until more comes
      return;
    }
    if (this.map.getLayer("raster")) this.map.removeLayer("raster");
    if (this.map.getSource("raster")) this.map.removeSource("raster");
    if (!on) return;
    const bounds = on.bounds[2] <= 180 ? { bounds: on.bounds } : {}; // MapLibre knows no others
    this.map.addSource("raster", { type: "raster", tiles: [tiles], tileSize: 256, ...bounds });
    this.rasterId = on.id;
    this.map.addLayer(
      { id: "raster", type: "raster", source: "raster", paint: { "raster-resampling": "nearest", "raster-fade-duration": 0, "raster-opacity": 0.92 } },
      // cells are coarser than the coast, and oil afloat ends at it
      this.map.getLayer("fine-land") && !this.hasBase ? "fine-land" : undefined,
    );
  }

  /** Get tiles anew that did not come. */
  #getTiles() {
    for (const id of OURS) {
      const source = this.map.getSource(id);
      source?.setTiles(source.tiles);
    }
  }

  get hasBase() {
    return this.isOn("base") && Boolean(this.state.get("person")?.base_map);
  }

  /** Take the colours of the page, and the coast of the run. */
  restyle() {
    this.rasterTiles = undefined;
    this.map.setStyle(this.#style(), { diff: this.isStyled }); // one that is loading has nothing to differ from
    this.show();
  }

  #style() {
    const base = this.hasBase ? this.state.get("person").base_map : null;
    this.styled = { base: this.hasBase };
    return styleOf({ dark: this.isDark, fine: this.coast, base });
  }

  /** @param {HTMLElement} container */
  #makeMap(container) {
    const { lon, lat, zoom } = this.state.get("camera") ?? WORLD;
    const map = new maplibregl.Map({
      container,
      style: this.#style(),
      center: [lon, lat],
      zoom,
      attributionControl: { compact: true },
      dragRotate: false,
      pitchWithRotate: false,
      touchPitch: false,
      maxZoom: 17,
      fadeDuration: 0,
      trackResize: false, // it is told of its size below; else each is drawn twice
      transformRequest: (/** @type {string} */ url) =>
        (url.startsWith(addressOf("")) ? { url, headers: credentials() } : { url }),
      locale: { "Map.Title": words.map.title },
    });
    map.touchZoomRotate.disableRotation();
    map.keyboard.disableRotation();
    // a tile that there is none of leaves sea; one that did not come must not
    map.on("error", (/** @type {any} */ { error, sourceId }) => {
      if (!OURS.includes(sourceId)) return;
      if (CLOSED.includes(error?.status) && this.state.get("shared")) this.#fail(words.badLink);
      else void lookWhetherAway(error?.status);
    });
    map.on("style.load", () => {
      this.isStyled = true; // layers can be added; they stay until the style is another
      this.show();
    });
    map.on("move", () => this.#moved());
    map.on("movestart", () => {
      this.isMoving = true;
    });
    map.on("moveend", () => {
      this.isMoving = false;
      this.show();
    });
    new ResizeObserver(() => {
      map.resize();
      this.#fit();
    }).observe(container);
    this.#fit(map);
    return map;
  }

  /** Take the size that the page gives. */
  #fit(map = this.map) {
    const { clientWidth: width, clientHeight: height } = this.root;
    const dots = window.devicePixelRatio || 1;
    Object.assign(this.oil, { width: Math.max(width, 1), height: Math.max(height, 1) });
    for (const canvas of [this.under, this.marks]) {
      Object.assign(canvas, { width: Math.max(width * dots, 1), height: Math.max(height * dots, 1) });
    }
    this.density = dots;
    this.view.width = Math.max(width, 1);
    this.view.height = Math.max(height, 1);
    this.#look(map);
    this.show();
  }

  /** Have the view show what the map does. @param {any} map */
  #look(map) {
    const { lng, lat } = map.getCenter();
    this.view.x = lng;
    this.view.y = northing(lat);
    this.view.scale = (512 * 2 ** map.getZoom()) / 360;
  }

  #moved() {
    this.#look(this.map);
    this.draw(); // in the frame of the map, so that the oil does not lag behind
    const { lng, lat } = this.map.getCenter();
    this.isLeading = true;
    this.state.set({ camera: { lon: lng, lat, zoom: this.map.getZoom() } });
    this.isLeading = false;
  }

  #follow() {
    const camera = this.state.get("camera");
    if (this.isLeading || !camera) return;
    const { lon, lat, zoom } = camera;
    this.map.jumpTo({ center: [lon, lat], zoom });
  }

  /**
   * Show a box of degrees, or all of the run.
   * @param {number[] | null} [bounds] west, south, east, north
   * @param {boolean} [gently] move there, where motion is wanted
   */
  lookAt(bounds = this.run?.bounds ?? null, gently = true) {
    if (!bounds) return;
    const [west, south, east, north] = bounds;
    this.map.fitBounds([[west, south], [east, north]], { padding: this.padding, maxZoom: 13, animate: gently && !STILL.matches, duration: 400 });
  }

  /**
   * @param {number[] | null} bounds
   * @returns {boolean} whether the middle of a box is shown where no list lies over it, and not as a mere dot; where a link has
   *   placed the map any part of it does
   */
  #sees(bounds) {
    if (!bounds) return true;
    const [west, south, east, north] = bounds;
    const [left, top] = this.view.toScreen(west, northing(north));
    const [right, bottom] = this.view.toScreen(east, northing(south));
    const { width, height } = this.view;
    const [x, y] = [(left + right) / 2, (top + bottom) / 2];
    const edge = this.padding;
    const isShown = this.isPlaced ? right > 0 && left < width && bottom > 0 && top < height
      : x > edge.left && x < width - edge.right && y > edge.top && y < height - edge.bottom;
    return isShown && Math.max(right - left, bottom - top) > 20;
  }

  /** What lies over the sides of the map: tools, and the list of layers. */
  get padding() {
    return this.view.width > 620 ? { left: 120, right: 270, top: 40, bottom: 50 } : { left: 40, right: 40, top: 40, bottom: 40 };
  }

  /** Get the run that the state names, once it has come to its end. */
  async #load() {
    const id = this.state.get(this.key);
    const listed = this.state.get("runs").find((/** @type {any} */ each) => each.jobID === id);
    // a run is got once; one that had not come to its end is asked for when it is in another state
    if (id === this.asked && (!this.waitsSince || this.waitsSince === listed?.status)) return;
    this.asked = id;
    this.waitsSince = null;
    this.loading.abort();
    this.loading = new AbortController();
    this.#forget();
    if (!id) return;
    const { signal } = this.loading;
    try {
      const job = listed ?? (await askJson(`ogc/jobs/${id}`, { signal }));
      if (signal.aborted) return;
      if (job.status !== "successful") {
        this.waitsSince = job.status;
        this.say(words.map.unfinished(job));
      } else this.#take(await loadRun(job, {
        signal,
        onArrival: () => {
          this.fault = "";
          this.show();
          this.onArrival?.();
        },
        onFailure: (error) => {
          if (!signal.aborted) this.#fail(error.message);
        },
      }), signal);
    } catch (error) {
      if (/** @type {Error} */ (error).name !== "AbortError" && !signal.aborted) this.say(inWords(error));
    }
  }

  /** Get to know where the coast is that the run had. @param {string} id @param {AbortSignal} signal */
  async #takeCoast(id, signal) {
    try {
      this.coast = { run: id, bounds: (await askJson(`jobs/${id}/coast`, { signal })).bounds };
      if (signal.aborted) return;
      this.restyle();
      this.show();
    } catch {
      // the coarse coast stays
    }
  }

  #forget() {
    this.told = this.fault = "";
    this.last = this.lateSince = null;
    this.run?.dispose();
    this.run = null;
    this.coast = null;
    this.picked = null;
    this.say("");
    this.onRun?.();
    this.show();
  }

  /** @param {Run} run @param {AbortSignal} signal */
  #take(run, signal) {
    if (signal.aborted) return run.dispose();
    this.run = run;
    this.dots = run.steps ? new Dots(this.oil, run.steps.header) : null;
    this.points = run.steps && !this.isSoftware ? new Points(this, run.steps.header) : null;
    this.say(run.times.length || run.rasters.length || run.found ? "" : words.map.nothing);
    this.#showSomething(run);
    if (!this.#sees(run.bounds)) this.lookAt(run.bounds, false);
    this.isPlaced = false;
    this.restyle();
    void this.#takeCoast(run.id, signal);
    this.onRun?.();
    this.show();
  }

  /** Switch a field on where a run has no particles, or one would see nothing of it; a link decides that itself. @param {Run} run */
  #showSomething({ steps, rasters, found }) {
    let layers = this.state.get("layers");
    const isChosen = rasters.some(({ id }) => layers[`raster:${id}`]);
    const isOfLink = !this.hasShown && !this.state.isDefault("layers");
    this.hasShown = true;
    if (found && !isOfLink) layers = switched(layers, "detections", true);
    if (!steps && rasters.length && !isChosen && !isOfLink) {
      const { id } = rasters.find((each) => FIRST.includes(each.id)) ?? rasters[0];
      layers = switched(layers, `raster:${id}`, true);
    }
    this.state.set({ layers });
  }

  /** @param {string} text what people have to know of this map; "": nothing */
  say(text) {
    this.message.textContent = text && this.state.get("other") ? words.map.of(this.key, text) : text;
    this.message.hidden = !text;
  }

  /** @param {number} left @param {number} top @returns {Place} */
  placeAt(left, top) {
    const [x, y] = this.view.fromScreen(left, top);
    return { lon: x - 360 * Math.round(x / 360), lat: latitudeOf(y) };
  }

  get colours() {
    return ground(this.isDark);
  }

  dispose() {
    this.loading.abort();
    this.arrows.dispose();
    this.found.dispose();
    this.run?.dispose();
    for (const end of this.ends) end();
    this.map.remove();
    this.root.replaceChildren();
  }
}

/** @param {unknown} error */
function inWords(error) {
  if (error instanceof ProblemError && error.status === 404) return words.map.noSuchRun;
  return error instanceof Error ? error.message : String(error);
}
