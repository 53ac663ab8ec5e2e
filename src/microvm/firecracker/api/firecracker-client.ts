import { pause } from '../../../host/pause.ts';
import { FirecrackerError } from './firecracker-error.ts';
import { type FirecrackerCall, FirecrackerTransport } from './firecracker-transport.ts';
import type {
  Balloon,
  BootSource,
  Drive,
  DrivePatch,
  InstanceInfo,
  Logger,
  MachineConfig,
  NetworkInterface,
  SnapshotCreate,
  SnapshotLoad,
  VsockDevice,
} from './firecracker-types.ts';

/** Most calls are a few system calls of the process. A call that takes longer than this hangs. */
const CALL_DEADLINE_MS = 5_000;
/** A start maps memory and reads a kernel, and a snapshot writes all of the guest's memory. */
const HEAVY_DEADLINE_MS = 30_000;
/** Pause between looks for a socket that a new process has not made yet, in milliseconds. */
const LISTEN_LOOK_MS = 2;

export interface FirecrackerClientOptions {
  socketPath: string;
  /** Multiplies every deadline when the machine itself is emulated. Default 1. */
  deadlineFactor?: number;
}

/**
 * The API of one Firecracker process. A method is one call: it resolves when Firecracker has carried it out and rejects with
 * a FirecrackerError. Which calls are legal before and after the start is said beside each; Firecracker refuses the rest.
 */
export class FirecrackerClient {
  readonly #transport: FirecrackerTransport;
  readonly #factor: number;

  constructor(options: FirecrackerClientOptions) {
    this.#transport = new FirecrackerTransport(options.socketPath);
    this.#factor = options.deadlineFactor ?? 1;
  }

  /**
   * Waits for a process that has just been started. The wait ends early when `isAlive` says no. Resolves with the
   * version.
   */
  async greet(isAlive: () => boolean, signal: AbortSignal): Promise<string> {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(CALL_DEADLINE_MS * this.#factor)]);
    for (;;) {
      try {
        return await this.version(signal);
      } catch (error) {
        const isEarly = error instanceof FirecrackerError && error.kind === 'absent';
        if (!isEarly || !isAlive() || limit.aborted) throw error;
      }
      await pause(LISTEN_LOOK_MS, limit).catch(() => undefined);
    }
  }

  async version(signal?: AbortSignal): Promise<string> {
    return textOf(await this.#get('/version', signal), 'firecracker_version', '/version');
  }

  async instance(signal?: AbortSignal): Promise<InstanceInfo> {
    const reply = await this.#get('/', signal);
    for (const field of ['app_name', 'id', 'state', 'vmm_version']) textOf(reply, field, '/');
    return reply as InstanceInfo;
  }

  /** Before the start. */
  async putLogger(logger: Logger, signal?: AbortSignal): Promise<void> {
    await this.#put('/logger', logger, signal);
  }

  /** Before the start. */
  async putMachineConfig(config: MachineConfig, signal?: AbortSignal): Promise<void> {
    await this.#put('/machine-config', config, signal);
  }

  /** Before the start. */
  async putBootSource(source: BootSource, signal?: AbortSignal): Promise<void> {
    await this.#put('/boot-source', source, signal);
  }

  /** Before the start. */
  async putDrive(drive: Drive, signal?: AbortSignal): Promise<void> {
    await this.#put(`/drives/${drive.drive_id}`, drive, signal);
  }

  /** After the start: another file behind the drive; the guest is told of its new size. */
  async patchDrive(patch: DrivePatch, signal?: AbortSignal): Promise<void> {
    await this.#patch(`/drives/${patch.drive_id}`, patch, signal);
  }

  /** Before the start. */
  async putVsock(vsock: VsockDevice, signal?: AbortSignal): Promise<void> {
    await this.#put('/vsock', vsock, signal);
  }

  /** Before the start. */
  async putNetworkInterface(device: NetworkInterface, signal?: AbortSignal): Promise<void> {
    await this.#put(`/network-interfaces/${device.iface_id}`, device, signal);
  }

  /** Before the start. */
  async putEntropy(signal?: AbortSignal): Promise<void> {
    await this.#put('/entropy', {}, signal);
  }

  /** Before the start. */
  async putBalloon(balloon: Balloon, signal?: AbortSignal): Promise<void> {
    await this.#put('/balloon', balloon, signal);
  }

  /** After the start, and only with a balloon. */
  async patchBalloon(amountMib: number, signal?: AbortSignal): Promise<void> {
    await this.#patch('/balloon', { amount_mib: amountMib }, signal);
  }

  /** Called once. */
  async startInstance(signal?: AbortSignal): Promise<void> {
    await this.#put('/actions', { action_type: 'InstanceStart' }, signal, HEAVY_DEADLINE_MS);
  }

  /** After the start. The device models stop too, so nothing of the guest is answered while paused. */
  async pause(signal?: AbortSignal): Promise<void> {
    await this.#patch('/vm', { state: 'Paused' }, signal);
  }

  async resume(signal?: AbortSignal): Promise<void> {
    await this.#patch('/vm', { state: 'Resumed' }, signal);
  }

  /** While paused. */
  async createSnapshot(snapshot: SnapshotCreate, signal?: AbortSignal): Promise<void> {
    await this.#put('/snapshot/create', snapshot, signal, HEAVY_DEADLINE_MS);
  }

  /** On a fresh process, before anything but the logger was configured. */
  async loadSnapshot(snapshot: SnapshotLoad, signal?: AbortSignal): Promise<void> {
    await this.#put('/snapshot/load', snapshot, signal, HEAVY_DEADLINE_MS);
  }

  async close(): Promise<void> {
    await this.#transport.close();
  }

  async #get(path: string, signal?: AbortSignal): Promise<unknown> {
    return await this.#send({ method: 'GET', path, deadlineMs: CALL_DEADLINE_MS, signal });
  }

  async #put(path: string, body: object, signal?: AbortSignal, deadlineMs = CALL_DEADLINE_MS): Promise<void> {
    await this.#send({ method: 'PUT', path, body, deadlineMs, signal });
  }

  async #patch(path: string, body: object, signal?: AbortSignal): Promise<void> {
    await this.#send({ method: 'PATCH', path, body, deadlineMs: CALL_DEADLINE_MS, signal });
  }

  async #send(call: FirecrackerCall): Promise<unknown> {
    return await this.#transport.send({ ...call, deadlineMs: call.deadlineMs * this.#factor });
  }
}

function textOf(reply: unknown, field: string, path: string): string {
  const value = typeof reply === 'object' && reply !== null ? (reply as Record<string, unknown>)[field] : undefined;
  if (typeof value !== 'string') throw new FirecrackerError('invalid_reply', `GET ${path}: no ${field} in the answer`);
  return value;
}
