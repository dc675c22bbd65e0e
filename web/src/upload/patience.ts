import type { Phase } from './transport';

/** Milliseconds without a sign of life before a request is given up. */
export const patience: Readonly<Record<Phase, number>> = {
  reading: Number.POSITIVE_INFINITY, // disks sleep, clouds fetch: not the network's fault
  asking: 20_000,
  sending: 20_000,
  // At most, see Parts.
  sent: 60_000,
};

/** When the network comes back, requests that were silent for so long are of before. */
export const staleOnline = 3000;
