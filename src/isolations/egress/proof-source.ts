/**
 * What the sandbox of a proof runs. A refusal that came from the target itself (ECONNREFUSED) means that it was reached; our own
 * rules answer as unreachable. Only private targets are named in it, so nothing of the internet is ever asked.
 */
export const PROOF_SOURCE = `import net from 'node:net';
import os from 'node:os';

const WAIT_MS = 1500;
const outcome = ({ host, port }) => new Promise((resolve) => {
  const socket = net.connect({ host, port }, () => resolve('reached'));
  socket.on('error', (error) => resolve(error.code));
  setTimeout(() => { resolve('silence'); socket.destroy(); }, WAIT_MS);
});

export const handler = async (event) => {
  if (event.listen) {
    await new Promise((resolve) => net.createServer((socket) => socket.end()).listen(event.listen, '0.0.0.0', resolve));
    const own = Object.values(os.networkInterfaces()).flat().find((one) => !one.internal && one.family === 'IPv4');
    if (!own) throw new Error('no address');
    return { address: own.address };
  }
  const seen = await Promise.all(event.targets.map(async (target) => [target, await outcome(target)]));
  return seen.filter(([, what]) => what === 'reached' || what === 'ECONNREFUSED').map(([{ host, port }]) => host + ':' + port);
};
`;
