/** Numbers of the contract. Units are last in the names; each bound says what it protects. */
export const MIB = 1024 * 1024;

export const LIMITS = {
  /** Largest event and largest result, in bytes (Lambda's 6 MB synchronous limit). */
  payloadMaxBytes: 6 * MIB,
  /** Largest code in a JSON body, in bytes. */
  codeJsonMaxBytes: 6 * MIB,
  /** Largest zip upload, in bytes. */
  zipMaxBytes: 50 * MIB,
  /** Largest unpacked package, in bytes (Lambda's 250 MB). */
  packageMaxBytes: 250 * MIB,
  /** Most files in one package. */
  packageFilesMax: 20_000,
  /** Longest streamed reply, in bytes (Lambda's 200 MB). */
  streamMaxBytes: 200 * MIB,
  /** Output kept per attempt, in bytes; the cut is marked. */
  logsPerAttemptMaxBytes: 256 * 1024,
  /** Output read per sandbox and second, in bytes; beyond it the writer is made to wait. */
  logRateMaxBytesPerSecond: MIB,
  /** Captured bodies, in bytes each. */
  captureMaxBytes: 64 * 1024,
  timeoutMs: { min: 100, max: 900_000, default: 3_000 },
  initTimeoutMs: { min: 100, max: 60_000, default: 10_000 },
  queueTimeoutMs: { min: 0, max: 60_000, default: 10_000 },
  memoryMib: { min: 64, max: 10_240, default: 128 },
  cpus: { min: 0.05, max: 64, default: 1 },
  concurrencyPerSandbox: { min: 1, max: 1_000, default: 1 },
  maxConcurrency: { min: 0, max: 10_000, default: 100 },
  minWarm: { min: 0, max: 100, default: 0 },
  diskMib: { min: 16, max: 10_240, default: 512 },
  /** Environment variables of one function, names and values together, in bytes. */
  envMaxBytes: 64 * 1024,
  /** What becomes of asynchronous invocations (async-settings.ts). */
  async: {
    maxAttempts: { min: 1, max: 11, default: 3 },
    maxAgeMs: { min: 60_000, max: 14 * 86_400_000, default: 6 * 3_600_000 },
    backoffMs: { min: 100, max: 3_600_000, default: 60_000 },
    maxConcurrency: { min: 1, max: 10_000 },
    /** Error types that are not retried; each is compared with every failure. */
    nonRetryableMax: 50,
    nonRetryableMaxChars: 256,
  },
  /** How many callers may wait for a sandbox of one function. */
  queueDepthMax: 1_000,
  pidsMax: 256,
} as const;

/** Names of functions, test events and keys: unique in their workspace. */
export const NAME_PATTERN = '^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$';
