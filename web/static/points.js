// Particles as a layer of MapLibre that the GPU draws, placed between two outputs by the shader.

import { CLASSES, classesOf, paletteOf } from "./ages.js";
import { affine, orderOf } from "./dots.js";

/** @typedef {import("./dots.js").Moment} Moment */

const SOFTWARE = /swiftshader|llvmpipe|softpipe|software|basic render/i;
const MANY = 5000; // particles, of which each is drawn half through

const VERTEX = `#version 300 es
in vec2 here; in vec2 next; in float status; in float age;
uniform vec3 colours[${CLASSES}]; flat out vec3 chosen;
uniform vec4 place; uniform float part; uniform float missing; uniform float code; uniform float side;
void main() {
  bool there = here.x < missing && status == code;
  vec2 at = next.x < missing ? mix(here, next, part) : here;
  gl_Position = there ? vec4(at * place.xz + place.yw, 0.0, 1.0) : vec4(2.0, 2.0, 2.0, 1.0);
  gl_PointSize = side;
  chosen = colours[int(age)];
}`;
const FRAGMENT = `#version 300 es
precision mediump float;
uniform float opacity; flat in vec3 chosen; out vec4 painted;
void main() {
  vec2 off = gl_PointCoord - 0.5;
  if (dot(off, off) > 0.25) discard;
  painted = vec4(chosen * opacity, opacity);
}`;

/**
 * Whether a map is drawn by the processor; `?draw=canvas` and `?draw=gpu` decide it otherwise.
 * @param {any} map
 */
export function drawsInSoftware(map) {
  const wanted = new URLSearchParams(location.search).get("draw");
  if (wanted) return wanted !== "gpu";
  const gl = map.painter?.context?.gl;
  const named = gl?.getExtension("WEBGL_debug_renderer_info");
  return !gl || SOFTWARE.test(gl.getParameter(named ? named.UNMASKED_RENDERER_WEBGL : gl.RENDERER));
}

export class Points {
  /** @param {import("./pane.js").Pane} pane @param {import("./steps.js").Header} header */
  constructor(pane, header) {
    this.pane = pane;
    this.header = header;
    this.order = orderOf(header);
    /** @type {Moment | null} */
    this.moment = null;
    this.layer = {
      id: "particles", type: "custom", renderingMode: "2d",
      onAdd: (/** @type {any} */ _, /** @type {WebGL2RenderingContext} */ gl) => this.#begin(gl),
      render: (/** @type {WebGL2RenderingContext} */ gl) => this.#render(gl),
      onRemove: () => this.#end(),
    };
  }

  /** @param {Moment | null} moment that is shown; null: no particles */
  show(moment) {
    this.moment = moment;
    this.pane.map.triggerRepaint();
  }

  /** @param {WebGL2RenderingContext} gl */
  #begin(gl) {
    this.gl = gl;
    this.program = linked(gl);
    this.array = gl.createVertexArray();
    /** @type {Record<string, WebGLBuffer>} */
    this.buffers = {};
    this.sent = {};
    for (const name of ["here", "next", "status", "age"]) this.buffers[name] = /** @type {WebGLBuffer} */ (gl.createBuffer());
  }

  #end() {
    const { gl } = this;
    if (!gl) return;
    for (const buffer of Object.values(this.buffers ?? {})) gl.deleteBuffer(buffer);
    gl.deleteVertexArray(this.array ?? null);
    gl.deleteProgram(this.program ?? null);
    this.gl = undefined;
  }

  /** @param {WebGL2RenderingContext} gl */
  #render(gl) {
    const { moment, program } = this;
    if (!moment || !program) return;
    gl.useProgram(program);
    gl.bindVertexArray(this.array ?? null);
    const { here } = moment;
    this.#send("here", here, pairs);
    this.#send("next", moment.next ?? here, pairs);
    this.#send("status", here, ({ status }) => status);
    this.#send("age", here, (step) => classesOf(this.header, step));
    this.#place(gl, program);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    gl.disable(gl.DEPTH_TEST);
    gl.disable(gl.STENCIL_TEST);
    const at = (/** @type {string} */ name) => gl.getUniformLocation(program, name);
    const many = here.x.length > MANY;
    const dots = window.devicePixelRatio || 1;
    for (const { code, name } of this.order) {
      if (moment.hidden.has(name)) continue;
      const isBeached = name === "beached";
      gl.uniform3fv(at("colours"), paletteOf(name, moment).flat().map((channel) => channel / 255));
      gl.uniform1f(at("opacity"), many && !isBeached ? 0.5 : 1);
      gl.uniform1f(at("code"), code);
      gl.uniform1f(at("side"), dots * ((many ? 2 : 3) + (isBeached ? 2 : 0)));
      gl.drawArrays(gl.POINTS, 0, here.x.length);
    }
    gl.bindVertexArray(null);
  }

  /** @param {WebGL2RenderingContext} gl @param {WebGLProgram} program */
  #place(gl, program) {
    const { view } = this.pane;
    const moment = /** @type {Moment} */ (this.moment);
    const [across, down] = affine(this.header, view);
    gl.uniform4f(gl.getUniformLocation(program, "place"),
      (2 * across[0]) / view.width, (2 * across[1]) / view.width - 1,
      (-2 * down[0]) / view.height, 1 - (2 * down[1]) / view.height);
    gl.uniform1f(gl.getUniformLocation(program, "part"), moment.part);
    gl.uniform1f(gl.getUniformLocation(program, "missing"), this.header.layout.missing);
  }

  /**
   * Have the GPU take numbers of an output, unless it has them: pairs of two bytes, or single bytes.
   * @param {"here" | "next" | "status" | "age"} name
   * @param {import("./steps.js").Step} step
   * @param {(step: import("./steps.js").Step) => Uint8Array | Uint16Array} numbers
   */
  #send(name, step, numbers) {
    const gl = /** @type {WebGL2RenderingContext} */ (this.gl);
    const sent = /** @type {Record<string, any>} */ (this.sent);
    const place = gl.getAttribLocation(/** @type {WebGLProgram} */ (this.program), name);
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffers?.[name] ?? null);
    if (sent[name] !== step) {
      sent[name] = step;
      gl.bufferData(gl.ARRAY_BUFFER, numbers(step), gl.DYNAMIC_DRAW);
    }
    gl.enableVertexAttribArray(place);
    if (numbers === pairs) gl.vertexAttribPointer(place, 2, gl.UNSIGNED_SHORT, false, 0, 0);
    else gl.vertexAttribPointer(place, 1, gl.UNSIGNED_BYTE, false, 0, 0);
  }
}

/** @param {import("./steps.js").Step} step */
function pairs({ x, y }) {
  const both = new Uint16Array(2 * x.length);
  for (let k = 0; k < x.length; k += 1) {
    both[2 * k] = x[k];
    both[2 * k + 1] = y[k];
  }
  return both;
}

/** @param {WebGL2RenderingContext} gl @returns {WebGLProgram} */
function linked(gl) {
  const program = /** @type {WebGLProgram} */ (gl.createProgram());
  for (const [kind, text] of /** @type {[number, string][]} */ ([[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]])) {
    const shader = /** @type {WebGLShader} */ (gl.createShader(kind));
    gl.shaderSource(shader, text);
    gl.compileShader(shader);
    if (!gl.getShaderParameter(shader, gl.COMPILE_STATUS)) throw new Error(`particles: ${gl.getShaderInfoLog(shader)}`);
    gl.attachShader(program, shader);
    gl.deleteShader(shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) throw new Error(`particles: ${gl.getProgramInfoLog(program)}`);
  return program;
}
