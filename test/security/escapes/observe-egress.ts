import type { TestServer } from '../../support/test-server.ts';
import type { Canaries } from './canaries.ts';
import type { EscapeFunctions } from './escape-functions.ts';
import { freePort } from './free-port.ts';
import type { Reports } from './observe.ts';

const EGRESS = { network: 'egress' } as const;

/**
 * What a function with network `egress` reaches: the internet is meant, the host and other sandboxes are not. Where egress is
 * refused because nothing fences it, there is nothing to probe, and the report says that.
 */
export async function observeEgress(
  server: TestServer,
  functions: EscapeFunctions,
  canaries: Canaries,
): Promise<Reports> {
  const ids = ['egress-host', 'egress-sandboxes', 'egress-raw-sockets'];
  try {
    await functions.deploy('egress-neighbour', EGRESS);
  } catch (error) {
    if (!String(error).includes('network_unenforceable')) throw error;
    const refused = { open: false, isNotOffered: true, seen: 'network_unenforceable' };
    return Object.fromEntries(ids.map((id) => [id, refused]));
  }
  const abstract = `egress-${canaries.marker}`;
  const listening = await functions.call('egress-neighbour', {
    ...{ do: 'listen', host: '0.0.0.0', port: await freePort(), abstract },
  });
  const { port, addresses } = listening.body as { port: number; addresses: string[] };
  const before = canaries.visitors;
  await functions.deploy('egress-probe', EGRESS);
  const ports = [canaries.port, Number(new URL(server.url).port)];
  const { body } = await functions.call('egress-probe', {
    do: 'network',
    facts: {
      ...{ ports, abstract: canaries.abstractName, hostAddresses: canaries.hostAddresses },
      ...{ neighbourPort: port, neighbourHosts: ['127.0.0.1', ...addresses], neighbourAbstract: abstract },
    },
  });
  const reports = body as Reports;
  const host = ['host-loopback', 'host-abstract', 'host-addresses'].map((id) => reports[id]);
  const isVisited = canaries.visitors > before;
  return {
    'egress-host': {
      open: isVisited || host.some((one) => one?.open),
      seen: isVisited ? 'the host’s canary was visited' : host.map((one) => one?.seen).join(', '),
      broken: host.flatMap((one) => one?.broken ?? []),
    },
    ...(reports['other-sandboxes'] ? { 'egress-sandboxes': reports['other-sandboxes'] } : {}),
    ...(reports['raw-sockets'] ? { 'egress-raw-sockets': reports['raw-sockets'] } : {}),
  };
}
