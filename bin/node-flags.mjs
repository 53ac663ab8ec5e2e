// Flags the server's Node runs with, wherever it is started. A young generation of up to 32 MiB keeps what one call allocates
// (and what waits 250 ms for the records' flush) out of the old generation: measured in docs/promises.md.
export const NODE_FLAGS = [
  '--disable-warning=ExperimentalWarning',
  '--max-semi-space-size=16',
  '--initial-old-space-size=40',
];
