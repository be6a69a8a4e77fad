// Files that somebody drops anywhere on the page.

/** @param {(files: File[]) => void} onFiles */
export function followDrops(onFiles) {
  let depth = 0;
  const mark = () => document.body.classList.toggle("dropping", depth > 0);
  const hasFiles = (/** @type {DragEvent} */ event) => event.dataTransfer?.types.includes("Files");
  window.addEventListener("dragenter", (event) => {
    if (hasFiles(event)) depth += 1;
    mark();
  });
  window.addEventListener("dragleave", () => {
    depth = Math.max(depth - 1, 0);
    mark();
  });
  window.addEventListener("dragover", (event) => {
    if (hasFiles(event)) event.preventDefault();
  });
  window.addEventListener("drop", (event) => {
    depth = 0;
    mark();
    if (!hasFiles(event)) return;
    event.preventDefault();
    onFiles([...(event.dataTransfer?.files ?? [])]);
  });
}
