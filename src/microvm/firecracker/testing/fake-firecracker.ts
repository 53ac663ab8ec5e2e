import { appendFileSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { GUEST_PORTS, type GuestPort } from '../../guest-protocol.ts';
import { ApiDescription } from './api-description.ts';
import type { FakeScript } from './fake-program.ts';
import { FirecrackerPeer } from './firecracker-peer.ts';

/**
 * For tests alone: a program that behaves like `firecracker` towards whoever launches it: it answers the API at `--api-sock`,
 * prints a console, connects a guest that says its port's name on each of its four ports, and goes wrong as `script.json` in the
 * directory `--script` says; `calls`, `violations` and `hangups` (ports whose other end has gone) are written there.
 */
const { values } = parseArgs({
  options: {
    script: { type: 'string', default: '' },
    version: { type: 'boolean' },
    id: { type: 'string' },
    'api-sock': { type: 'string', default: '' },
    level: { type: 'string' },
  },
});
const script = JSON.parse(readFileSync(join(values.script, 'script.json'), 'utf8')) as FakeScript;

if (values.version) {
  process.stdout.write(`${script.version ?? 'Firecracker v1.17.0-dev'}\n`);
  process.exit(0);
}
// A monitor lives on when whoever reads its console has died: that is what a killed server leaves behind.
process.stdout.on('error', () => {});
process.stdout.write('a console line of the guest\n');
const peer = new FirecrackerPeer({
  description: new ApiDescription(),
  socketPath: values['api-sock'],
  fault: ({ method, path, body }) => {
    appendFileSync(join(values.script, 'calls'), `${JSON.stringify({ method, path, body })}\n`);
    return script.faults?.[`${method} ${path}`] ?? null;
  },
  onRun: (running) => connectGuest(String(running.machine['/vsock']?.uds_path)),
  onDie: () => process.exit(1),
  onViolation: (violation) => appendFileSync(join(values.script, 'violations'), `${violation}\n`),
});
await peer.listen();

function connectGuest(devicePath: string): void {
  for (const name of Object.keys(GUEST_PORTS) as GuestPort[]) {
    if (script.silentPorts?.includes(name)) continue;
    const socket = connect(`${devicePath}_${GUEST_PORTS[name]}`);
    socket.on('error', (error) => process.stdout.write(`${name}: ${error.message}\n`));
    socket.on('close', () => appendFileSync(join(values.script, 'hangups'), `${name}\n`));
    socket.write(name);
  }
}
