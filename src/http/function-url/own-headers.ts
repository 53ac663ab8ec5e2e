/** The server itself sets the headers of the connection and of bodies. */
const OF_THE_CONNECTION = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'content-length',
  'coldframe-invocation-id',
]);
/** These hold for the whole host, its other ports or its parent domain, and so for the console too. */
const BEYOND_THE_ORIGIN = new Set([
  'alt-svc',
  'clear-site-data',
  'expect-ct',
  'public-key-pins',
  'strict-transport-security',
]);
/** These hold for the whole origin, and so for every function on the shared one. */
const OF_THE_ORIGIN = new Set([
  'accept-ch',
  'critical-ch',
  'nel',
  'origin-agent-cluster',
  'report-to',
  'reporting-endpoints',
  'service-worker-allowed',
  'use-as-dictionary',
]);

/** Whether a function may send this header; `name` is lower case. A header it may not send is left out of its reply. */
export function maySend(name: string, isOwnOrigin: boolean): boolean {
  if (OF_THE_CONNECTION.has(name) || BEYOND_THE_ORIGIN.has(name)) return false;
  return isOwnOrigin || !OF_THE_ORIGIN.has(name);
}
