/** How fast bytes are acknowledged, and how long the rest will take. */
export interface Pace {
  /** To be called about once a second: so many bytes were acknowledged in all. */
  sample(now: number, gained: number): void;
  /** Nothing moves: what was measured says nothing about later. */
  rest(): void;
  /** Bytes a second; 0 when nothing was acknowledged for a while. */
  speed(now: number): number;
  /** Whole seconds for so many bytes; undefined while it cannot be told. */
  secondsFor(bytes: number, now: number): number | undefined;
}

/** After so many milliseconds a sample counts half: bytes are acknowledged a part at a time. */
const halfLife = 7000;
/** Milliseconds before a time is told: the first seconds say little. */
const silence = 3000;
/** Milliseconds without an acknowledgement after which nothing is told. */
const still = 15_000;
/** Seconds; what takes longer cannot be told. */
const longest = 24 * 3600;

export function createPace(): Pace {
  let begun: number | undefined;
  let grown = 0; // when the last bytes were acknowledged
  let last = { now: 0, gained: 0 };
  let value = 0;
  // How much of a full average value is by now; without it the first seconds look slow.
  let weight = 0;

  // What was measured is kept meanwhile: a slow line acknowledges a chunk every quarter minute.
  const speed = (now: number) => {
    const bytes = weight === 0 || now - grown >= still ? 0 : value / weight;
    return bytes < 1 ? 0 : bytes;
  };

  return {
    speed,
    sample(now, gained) {
      if (begun === undefined) {
        begun = now;
        grown = now;
        last = { now, gained };
        return;
      }
      const passed = now - last.now;
      if (passed <= 0) return;
      if (gained > last.gained) grown = now;
      const rate = ((gained - last.gained) * 1000) / passed;
      const keep = 2 ** (-passed / halfLife);
      value = value * keep + rate * (1 - keep);
      weight = weight * keep + (1 - keep);
      last = { now, gained };
    },
    rest() {
      begun = undefined;
      value = 0;
      weight = 0;
    },
    secondsFor(bytes, now) {
      if (begun === undefined || now - begun < silence || speed(now) === 0) return undefined;
      const seconds = Math.max(1, Math.ceil(bytes / speed(now)));
      return seconds > longest ? undefined : seconds;
    },
  };
}
