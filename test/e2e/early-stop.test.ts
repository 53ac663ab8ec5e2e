import { expect, it } from 'vitest';
import { hostTraces, NO_TRACES } from '../support/host-traces.ts';
import { PREPARE_TIMEOUT_MS } from '../support/require-isolation.ts';
import { TestServer } from '../support/test-server.ts';

/** While probes and the first refills are under way; when exactly which is, depends on the host. */
it.each([0, 300, 800])(
  'I5: a stop %i ms after the start leaves nothing on the host',
  { timeout: PREPARE_TIMEOUT_MS },
  async (delayMs) => {
    const server = await TestServer.start();
    const { body } = await server.api<{ instance: string }>('GET', '/platform');
    await new Promise((wake) => setTimeout(wake, delayMs));
    await server.stop();
    expect(await hostTraces(body.instance), server.output).toEqual(NO_TRACES);
  },
);
