import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import type { ApiDescription, DescribedOperation } from './api-description.ts';

export type Phase = 'fresh' | 'configured' | 'running' | 'paused';

/** What the peer does to a call instead of carrying it out; `die` ends the whole peer in the middle of the call. */
export type Fault = 'hang' | 'cut' | 'die' | 'garbage' | { status: number; message: string };

export interface PeerCall {
  method: string;
  path: string;
  body: Record<string, unknown> | undefined;
}

export interface PeerOptions {
  description: ApiDescription;
  socketPath: string;
  fault?: (call: PeerCall) => Fault | null;
  /** Runs when the guest begins to run, after the start or a restore. */
  onRun?: (peer: FirecrackerPeer) => void;
  onDie?: () => void;
  onViolation?: (violation: string) => void;
}

/** Everything configured so far: path to body. It is also what a snapshot of the peer holds. */
export type PeerMachine = Record<string, Record<string, unknown>>;

/**
 * For tests alone: answers Firecracker's API at a Unix socket, without a VM behind it. Every request is checked against the
 * published description (path, method, body, and whether it is legal now); what is wrong is refused as Firecracker does and
 * kept in `violations`. Its own answers are checked too. Phases go fresh, configured, running, paused and back.
 */
export class FirecrackerPeer {
  readonly calls: PeerCall[] = [];
  readonly violations: string[] = [];
  machine: PeerMachine = {};
  phase: Phase = 'fresh';
  readonly #options: PeerOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(options: PeerOptions) {
    this.#options = options;
    this.#server = createServer((request, response) => void this.#answer(request, response));
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => this.#sockets.delete(socket));
    });
  }

  async listen(): Promise<this> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#server.once('error', reject).listen(this.#options.socketPath, resolve);
    await promise;
    return this;
  }

  /** As a process that dies: every connection breaks and nobody listens any more. */
  async close(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    for (const socket of this.#sockets) socket.destroy();
    await promise;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const method = request.method ?? '';
    const path = request.url ?? '';
    const sent = await text(request);
    const call: PeerCall = { method, path, body: sent === '' ? undefined : JSON.parse(sent) };
    this.calls.push(call);
    const fault = this.#options.fault?.(call) ?? null;
    if (fault === 'hang') return;
    if (fault === 'garbage')
      return void response.writeHead(200, { 'content-type': 'application/json' }).end('{"half":');
    if (fault === 'cut') return void request.socket.destroy();
    if (fault === 'die') {
      this.#options.onDie?.();
      return void (await this.close());
    }
    const operation = this.#options.description.find(method, path);
    const [status, body] = fault === null ? this.#carryOut(call, operation) : [fault.status, faultOf(fault.message)];
    const wrong = operation?.explainReply(status, body) ?? null;
    if (wrong !== null) this.#note(`own answer to ${method} ${path}: ${wrong}`);
    if (body === undefined) response.writeHead(status).end();
    else response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  }

  #carryOut(call: PeerCall, operation: DescribedOperation | null): [status: number, body: unknown] {
    const refuse = (why: string): [number, unknown] => {
      this.#note(`${call.method} ${call.path}: ${why}`);
      return [400, faultOf(why)];
    };
    if (operation === null) return refuse('no such operation');
    const wrongBody = operation.explainBody(call.body);
    if (wrongBody !== null) return refuse(wrongBody);
    const hasRun = this.phase === 'running' || this.phase === 'paused';
    if (operation.legal === 'pre-boot' && hasRun) return refuse('only before the start');
    if (operation.legal === 'post-boot' && !hasRun) return refuse('only after the start');
    for (const [name, value] of Object.entries(operation.pathValues)) {
      if (call.body !== undefined && call.body[name] !== value) return refuse(`${name} differs from the path`);
    }
    const body = call.body ?? {};
    switch (operation.id) {
      case 'getFirecrackerVersion':
        return [200, { firecracker_version: this.#options.description.version }];
      case 'describeInstance':
        return [200, { app_name: 'Firecracker', id: 'peer', state: this.#stateName(), vmm_version: 'peer' }];
      case 'createSyncAction':
        return this.#act(String(body.action_type)) ?? refuse('not legal now');
      case 'patchVm':
        return this.#setState(String(body.state)) ?? refuse(`already ${this.phase}`);
      case 'createSnapshot':
        if (this.phase !== 'paused') return refuse('only while paused');
        writeFileSync(String(body.snapshot_path), JSON.stringify(this.machine));
        writeFileSync(String(body.mem_file_path), '');
        return [204, undefined];
      case 'loadSnapshot':
        if (this.phase !== 'fresh') return refuse('only on a fresh process');
        return this.#load(body);
      default:
        return this.#configure(call, operation, body) ?? refuse('no such device');
    }
  }

  #act(action: string): [number, unknown] | null {
    if (action !== 'InstanceStart') return [204, undefined];
    if (this.phase !== 'configured' || this.machine['/boot-source'] === undefined) return null;
    this.#run();
    return [204, undefined];
  }

  /** Firecracker takes a repeated pause or resume as done. */
  #setState(state: string): [number, unknown] | null {
    if (state === 'Resumed' && this.phase === 'paused') this.#run();
    else this.phase = state === 'Paused' ? 'paused' : 'running';
    return [204, undefined];
  }

  #load(body: Record<string, unknown>): [number, unknown] {
    const saved = this.#readSnapshot(String(body.snapshot_path));
    if (saved === null) return [400, faultOf('Load snapshot error: cannot read the snapshot')];
    this.machine = saved;
    const vsock = body.vsock_override as { uds_path: string } | undefined;
    if (vsock !== undefined) this.machine['/vsock'] = { ...this.machine['/vsock'], ...vsock };
    this.phase = 'paused';
    if (body.resume_vm === true) this.#run();
    return [204, undefined];
  }

  #readSnapshot(path: string): PeerMachine | null {
    try {
      return JSON.parse(readFileSync(path, 'utf8')) as PeerMachine;
    } catch {
      return null;
    }
  }

  #configure(call: PeerCall, operation: DescribedOperation, body: Record<string, unknown>): [number, unknown] | null {
    if (call.method === 'PATCH' && this.machine[call.path] === undefined) return null;
    this.machine[call.path] = { ...this.machine[call.path], ...body };
    const isOnlyForUs = operation.id === 'putLogger' || operation.id === 'putMetrics';
    if (this.phase === 'fresh' && !isOnlyForUs) this.phase = 'configured';
    return [204, undefined];
  }

  #note(violation: string): void {
    this.violations.push(violation);
    this.#options.onViolation?.(violation);
  }

  #run(): void {
    this.phase = 'running';
    this.#options.onRun?.(this);
  }

  #stateName(): string {
    return { fresh: 'Not started', configured: 'Not started', running: 'Running', paused: 'Paused' }[this.phase];
  }
}

function faultOf(message: string): { fault_message: string } {
  return { fault_message: message };
}
