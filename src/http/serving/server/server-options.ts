import type { ServerOptions } from 'node:http';

const SECOND = 1_000;

/** Largest request line and headers together. */
export const HEADER_MAX_BYTES = 16 * 1024;
const HEADERS_TIMEOUT_MS = 10 * SECOND;
/** A 50 MiB upload at 4 Mbit/s fits. */
const REQUEST_TIMEOUT_MS = 120 * SECOND;

/** Bounds of both listeners against slow and oversize requests. */
export function serverOptions(requestTimeoutMs: number = REQUEST_TIMEOUT_MS): ServerOptions {
  return {
    maxHeaderSize: HEADER_MAX_BYTES,
    /** Time for the headers alone. A client that needs longer is stalling. */
    headersTimeout: Math.min(HEADERS_TIMEOUT_MS, requestTimeoutMs),
    requestTimeout: requestTimeoutMs,
    /** Longer than the usual idle timeout of reverse proxies (60 s), so that we never close a connection they are about to use. */
    keepAliveTimeout: 65 * SECOND,
    /** How often stalled requests are looked for. */
    connectionsCheckingInterval: Math.min(SECOND, requestTimeoutMs),
    /** Our own check answers a missing Host header, with a problem. */
    requireHostHeader: false,
  };
}
