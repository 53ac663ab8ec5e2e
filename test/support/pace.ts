import { Agent, setGlobalDispatcher } from 'undici';

/** How many times slower than usual sandboxes run here; deadlines of whole-system tests follow. Said where guests are emulated. */
export const SLOWNESS = Number(process.env.COLDFRAME_TEST_SLOWNESS ?? 1);

/** Of every `fetch`, whose own five minutes are too few then. */
const REPLY_MAX_MS = 60 * 60_000;
if (SLOWNESS > 1) setGlobalDispatcher(new Agent({ headersTimeout: REPLY_MAX_MS, bodyTimeout: REPLY_MAX_MS }));
