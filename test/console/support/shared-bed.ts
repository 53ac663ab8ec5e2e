import { afterAll, afterEach, beforeAll } from 'vitest';
import { PREPARE_TIMEOUT_MS } from '../../support/require-isolation.ts';
import { type BedOptions, ConsoleBed } from './console-bed.ts';

/** No image is prepared and no daemon asked: what most screens need is there at once. */
const PROCESS_ONLY: BedOptions = { isolation: 'process', env: { COLDFRAME_ISOLATION: 'process' } };

/**
 * One server and one browser for all tests of the suite this is called in, and each test's pages have to stay quiet. `prepare`
 * runs first: what the server finds when it starts.
 */
export function sharedBed(options: BedOptions = PROCESS_ONLY, prepare?: () => Promise<void>): ConsoleBed {
  const bed = new ConsoleBed(options);
  beforeAll(async () => {
    await prepare?.();
    await bed.open();
  }, PREPARE_TIMEOUT_MS);
  afterEach(() => bed.expectQuiet());
  afterAll(() => bed.close());
  return bed;
}
