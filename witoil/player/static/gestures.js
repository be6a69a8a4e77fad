// Pan and zoom by mouse, touch and keyboard.

/** @typedef {import("./view.js").View} View */

const STEP = 60; // pixels that a key moves the map

/**
 * Let a view follow what is done on a canvas.
 * @param {HTMLElement} canvas
 * @param {View} view
 * @param {() => void} onMove
 */
export function followGestures(canvas, view, onMove) {
  followPointers(canvas, view, onMove);
  canvas.addEventListener(
    "wheel",
    (event) => {
      // within another page the wheel scrolls that page
      if (window.parent !== window && !event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      const box = canvas.getBoundingClientRect();
      view.zoom(Math.exp(-event.deltaY * 0.002), event.clientX - box.left, event.clientY - box.top);
      onMove();
    },
    { passive: false },
  );
  canvas.addEventListener("keydown", (event) => {
    if (moveByKey(view, event)) {
      event.preventDefault();
      onMove();
    }
  });
}

/** @param {View} view @param {KeyboardEvent} event @returns {boolean} whether it was a key of the map */
function moveByKey(view, event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return false;
  const pans = /** @type {Record<string, [number, number]>} */ ({
    ArrowLeft: [STEP, 0],
    ArrowRight: [-STEP, 0],
    ArrowUp: [0, STEP],
    ArrowDown: [0, -STEP],
  });
  if (event.shiftKey && event.key in pans) view.pan(...pans[event.key]);
  else if (event.key === "+" || event.key === "=") view.zoom(1.5);
  else if (event.key === "-") view.zoom(1 / 1.5);
  else if (event.key === "0") view.reset();
  else return false;
  return true;
}

/** @param {HTMLElement} canvas @param {View} view @param {() => void} onMove */
function followPointers(canvas, view, onMove) {
  /** @type {Map<number, [number, number]>} */
  const down = new Map();
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    down.set(event.pointerId, [event.offsetX, event.offsetY]);
  });
  canvas.addEventListener("pointermove", (event) => {
    const before = down.get(event.pointerId);
    if (!before) return;
    const now = /** @type {[number, number]} */ ([event.offsetX, event.offsetY]);
    const other = [...down].find(([id]) => id !== event.pointerId)?.[1];
    if (other) pinch(view, before, now, other);
    else view.pan(now[0] - before[0], now[1] - before[1]);
    down.set(event.pointerId, now);
    onMove();
  });
  for (const type of ["pointerup", "pointercancel"]) {
    canvas.addEventListener(type, (event) => down.delete(/** @type {PointerEvent} */ (event).pointerId));
  }
}

/**
 * @param {View} view
 * @param {[number, number]} before
 * @param {[number, number]} now
 * @param {[number, number]} other the finger that rests
 */
function pinch(view, before, now, other) {
  const factor = Math.hypot(now[0] - other[0], now[1] - other[1])
    / Math.max(Math.hypot(before[0] - other[0], before[1] - other[1]), 1);
  view.zoom(factor || 1, (now[0] + other[0]) / 2, (now[1] + other[1]) / 2);
  view.pan((now[0] - before[0]) / 2, (now[1] - before[1]) / 2);
}
