import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ApiDescription, whyNoDescription } from '../testing/api-description.ts';
import { type Fault, FirecrackerPeer, type PeerCall } from '../testing/firecracker-peer.ts';
import { FirecrackerClient } from './firecracker-client.ts';
import { FirecrackerError } from './firecracker-error.ts';

const NEVER = new AbortController().signal;
const reason = whyNoDescription();
const described = describe.skipIf(reason !== null);
const title = (name: string) => (reason === null ? name : `${name} (${reason})`);

let directory: string;
const closing: (() => Promise<void>)[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'cf-fc-'));
});

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
  rmSync(directory, { recursive: true, force: true });
});

async function peerThat(
  fault: (call: PeerCall) => Fault | null = () => null,
  { name = 'api', deadlineFactor = 1 } = {},
): Promise<{ peer: FirecrackerPeer; client: FirecrackerClient }> {
  const socketPath = join(directory, name);
  const peer = await new FirecrackerPeer({ description: new ApiDescription(), socketPath, fault }).listen();
  const client = new FirecrackerClient({ socketPath, deadlineFactor });
  closing.push(
    () => peer.close().catch(() => undefined),
    () => client.close(),
  );
  return { peer, client };
}

async function configured(client: FirecrackerClient): Promise<void> {
  await client.putLogger({ log_path: '/dev/null', level: 'Warning' });
  await client.putMachineConfig({ vcpu_count: 1, mem_size_mib: 128, smt: false });
  await client.putBootSource({ kernel_image_path: 'kernel', initrd_path: 'initramfs', boot_args: 'console=ttyS0' });
  await client.putDrive({ drive_id: 'rootfs', path_on_host: 'rootfs', is_root_device: true, is_read_only: true });
  await client.putDrive({ drive_id: 'code', path_on_host: 'code', is_root_device: false, is_read_only: true });
  await client.putVsock({ guest_cid: 3, uds_path: 'v' });
  await client.putNetworkInterface({ iface_id: 'eth0', host_dev_name: 'tap0', guest_mac: '02:00:00:00:00:01' });
  await client.putEntropy();
  await client.putBalloon({ amount_mib: 0, deflate_on_oom: true });
}

async function failureOf(call: Promise<unknown>): Promise<FirecrackerError> {
  const error = await call.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof FirecrackerError)) throw new Error(`not a FirecrackerError: ${error}`);
  return error;
}

described(title('every request is as the published description says'), () => {
  test('a machine’s whole life, from configuration to snapshot', async () => {
    const { peer, client } = await peerThat();
    expect(await client.greet(() => true, NEVER)).toMatch(/^\d+\.\d+/);
    expect(await client.instance()).toMatchObject({ state: 'Not started' });
    await configured(client);
    await client.startInstance();
    expect(await client.instance()).toMatchObject({ state: 'Running' });
    await client.patchDrive({ drive_id: 'code', path_on_host: 'other' });
    await client.patchBalloon(16);
    await client.pause();
    expect(await client.instance()).toMatchObject({ state: 'Paused' });
    const files = { snapshot_path: join(directory, 'state'), mem_file_path: join(directory, 'memory') };
    await client.createSnapshot({ ...files, snapshot_type: 'Full' });
    await client.resume();
    expect(peer.violations).toEqual([]);
    expect(peer.machine['/drives/code']).toMatchObject({ path_on_host: 'other' });
  });

  test('a fresh process goes on where a snapshot was taken', async () => {
    const first = await peerThat();
    await configured(first.client);
    await first.client.startInstance();
    await first.client.pause();
    const files = { snapshot_path: join(directory, 'state'), mem_file_path: join(directory, 'memory') };
    await first.client.createSnapshot(files);
    const second = await peerThat(() => null, { name: 'second' });
    await second.client.loadSnapshot({
      snapshot_path: files.snapshot_path,
      mem_backend: { backend_type: 'File', backend_path: files.mem_file_path },
      network_overrides: [{ iface_id: 'eth0', host_dev_name: 'tap1' }],
      vsock_override: { uds_path: 'elsewhere' },
      clock_realtime: true,
      resume_vm: true,
    });
    expect(await second.client.instance()).toMatchObject({ state: 'Running' });
    expect(second.peer.machine['/vsock']).toMatchObject({ uds_path: 'elsewhere' });
    await second.client.patchDrive({ drive_id: 'code', path_on_host: 'other' });
    expect([...first.peer.violations, ...second.peer.violations]).toEqual([]);
  });
});

described(title('what is out of order or malformed is refused with Firecracker’s own words'), () => {
  test.each<[string, (client: FirecrackerClient) => Promise<unknown>]>([
    ['a machine configuration after the start', (c) => c.putMachineConfig({ vcpu_count: 1, mem_size_mib: 128 })],
    [
      'a new drive after the start',
      (c) => c.putDrive({ drive_id: 'x', path_on_host: 'x', is_root_device: false, is_read_only: true }),
    ],
    ['a second start', (c) => c.startInstance()],
    ['a snapshot of a running machine', (c) => c.createSnapshot({ snapshot_path: '/x', mem_file_path: '/y' })],
    ['another file for a drive that is not there', (c) => c.patchDrive({ drive_id: 'nothing', path_on_host: 'x' })],
    [
      'a restore into a running machine',
      (c) => c.loadSnapshot({ snapshot_path: '/x', mem_backend: { backend_type: 'File', backend_path: '/y' } }),
    ],
  ])('%s', async (_, act) => {
    const { peer, client } = await peerThat();
    await configured(client);
    await client.startInstance();
    const error = await failureOf(act(client));
    expect(error).toMatchObject({ kind: 'refused', status: 400 });
    expect(peer.violations).toHaveLength(1);
  });

  test.each<[string, (client: FirecrackerClient) => Promise<unknown>]>([
    ['no processor', (c) => c.putMachineConfig({ vcpu_count: 0, mem_size_mib: 128 })],
    ['a guest id that vsock reserves', (c) => c.putVsock({ guest_cid: 2, uds_path: 'v' })],
    ['a start without a kernel', (c) => c.startInstance()],
    ['a pause before the start', (c) => c.pause()],
    ['a field the description does not name', (c) => c.putDrive({ drive_id: 'x', nonsense: 1 } as never)],
  ])('%s', async (_, act) => {
    const { client } = await peerThat();
    const error = await failureOf(act(client));
    expect(error.kind).toBe('refused');
    expect(error.message).not.toContain('undefined');
  });
});

describe('a process that is not there', () => {
  test('is absent when its socket is', async () => {
    const client = new FirecrackerClient({ socketPath: join(directory, 'nothing') });
    closing.push(() => client.close());
    expect(await failureOf(client.version())).toMatchObject({ kind: 'absent' });
  });

  test('is not waited for when it has ended, nor beyond the abort', async () => {
    const client = new FirecrackerClient({ socketPath: join(directory, 'nothing') });
    closing.push(() => client.close());
    expect(await failureOf(client.greet(() => false, NEVER))).toMatchObject({ kind: 'absent' });
    expect(await failureOf(client.greet(() => true, AbortSignal.timeout(20)))).toMatchObject({ kind: 'aborted' });
  });
});

described(title('a process that fails in the middle'), () => {
  test.each<[Fault, string]>([
    ['hang', 'timeout'],
    ['cut', 'lost'],
    ['die', 'lost'],
    ['garbage', 'invalid_reply'],
    [{ status: 500, message: 'out of luck' }, 'refused'],
  ])('%o is told as %s', async (fault, kind) => {
    const deadlineFactor = fault === 'hang' ? 0.01 : 1;
    const { client } = await peerThat(({ path }) => (path === '/version' ? fault : null), { deadlineFactor });
    expect(await failureOf(client.version())).toMatchObject({ kind });
  });

  test('an abort ends a call that hangs', async () => {
    const { client } = await peerThat(() => 'hang');
    const control = new AbortController();
    const call = failureOf(client.putEntropy(control.signal));
    control.abort();
    expect(await call).toMatchObject({ kind: 'aborted' });
  });

  test('closing the client ends its calls, and later ones are refused', async () => {
    const { client } = await peerThat(() => 'hang');
    const call = failureOf(client.putEntropy());
    await client.close();
    expect(['lost', 'aborted']).toContain((await call).kind);
    expect(await failureOf(client.version())).toMatchObject({ kind: 'aborted' });
  });

  test('a refusal carries the fault message and no more than that', async () => {
    const { client } = await peerThat(() => ({ status: 400, message: 'x'.repeat(10_000) }));
    const error = await failureOf(client.version());
    expect(error.message).toMatch(/^GET \/version: 400 x+$/);
    expect(error.message.length).toBeLessThan(600);
  });
});
