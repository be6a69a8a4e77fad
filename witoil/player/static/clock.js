// Time that goes on while a run plays.

const SECONDS = 12; // that a run takes at the common speed
const STILL = matchMedia("(prefers-reduced-motion: reduce)");

export class Clock {
  /**
   * @param {number[]} times of the outputs, rising; milliseconds since 1970
   * @param {() => void} onChange
   */
  constructor(times, onChange) {
    this.times = times;
    this.onChange = onChange;
    this.now = times[0];
    this.speed = 1;
    this.playing = false;
    this.before = 0;
  }

  get step() {
    let step = 0;
    while (step + 1 < this.times.length && this.times[step + 1] <= this.now) step += 1;
    return step;
  }

  /** The time that is shown: where motion is unwanted that of the output before. */
  get shown() {
    return STILL.matches ? this.times[this.step] : this.now;
  }

  /** How far what is shown is from the output before to the next, 0 to 1. */
  get part() {
    const { step } = this;
    if (step + 1 >= this.times.length) return 0;
    return (this.shown - this.times[step]) / (this.times[step + 1] - this.times[step]);
  }

  /** @param {number} step of an output; beyond the ends, the end */
  seek(step) {
    this.now = this.times[Math.min(Math.max(step, 0), this.times.length - 1)];
    this.onChange();
  }

  toggle() {
    if (this.playing) this.pause();
    else this.play();
  }

  play() {
    if (this.times.length < 2) return;
    if (this.now >= this.times[this.times.length - 1]) this.now = this.times[0];
    this.playing = true;
    this.before = 0;
    requestAnimationFrame((moment) => this.#advance(moment));
    this.onChange();
  }

  /** Stop at an output, of which everything is known. */
  pause() {
    this.playing = false;
    this.seek(this.part > 0.5 ? this.step + 1 : this.step);
  }

  /** @param {number} moment milliseconds */
  #advance(moment) {
    if (!this.playing) return;
    const last = this.times[this.times.length - 1];
    // a page that was hidden does not jump
    const passed = this.before ? Math.min(moment - this.before, 100) : 0;
    this.before = moment;
    this.now += (passed / (1000 * SECONDS)) * this.speed * (last - this.times[0]);
    if (this.now >= last) {
      this.now = last;
      this.playing = false;
    } else requestAnimationFrame((next) => this.#advance(next));
    this.onChange();
  }
}
