// Flags the server's Node runs with, wherever it is started. A young generation of up to 32 MiB a half keeps what one call
// allocates (and what waits 250 ms for the records' flush) out of the old generation. The old one is collected early, when it has
// little more than doubled: left to itself it holds four times what lives, which read as a server that grows. Both measured in
// docs/promises.md.
export const NODE_FLAGS = [
  '--disable-warning=ExperimentalWarning',
  '--max-semi-space-size=32',
  '--initial-old-space-size=40',
  '--heap-growing-percent=120',
];
