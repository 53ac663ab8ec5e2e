import { createHash, randomBytes } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import type { GuardedDriver } from '../../contract/guarded-driver.ts';
import type { LoadSettings, Sandbox, SandboxReply } from '../../contract/sandbox.ts';
import { type EgressAllow, ipv4Block, ipv4Number, overlaps } from '../../domain/egress-allow.ts';
import { LIMITS } from '../../domain/limits.ts';
import type { Log } from '../../domain/log.ts';
import { OWN_RUNTIME } from '../../domain/runtimes.ts';
import type { EgressNetwork } from '../../host/egress/egress-network.ts';
import type { EgressProof, ProvesEgress } from '../../host/egress/egress-proof.ts';
import { EgressRefusal } from '../../host/egress/egress-refusal.ts';
import { isRefusedAddress } from '../../host/egress/egress-rules.ts';
import { hostGateways, hostResolvers } from '../../host/egress/host-network.ts';
import { PROOF_SOURCE } from './proof-source.ts';

/**
 * Time for the whole proof: two sandboxes are made, loaded, asked and removed. What a first start may take comes on
 * top.
 */
const PROOF_DEADLINE_MS = 30_000;
/** A first start may take this many times its typical duration, because hosts are busy. */
const PATIENCE = 5;
const CALL_MS = 8_000;
const SIBLING_PORT = 7_123;
/** Where clouds tell machines their credentials, and ports on which a router or resolver of the host's network would answer. */
const METADATA = '169.254.169.254';
const NEIGHBOUR_PORTS = [53, 80, 443];
const TARGETS_MAX = 64;

export interface EgressProverOptions {
  network: EgressNetwork;
  instance: string;
  epoch: string;
  runDir: string;
  /** What the operator allows is not tested. */
  allow: readonly EgressAllow[];
  log: Log;
}

/**
 * Starts two real sandboxes with egress. One tries everything it must not reach: every address of this host, on a port
 * where the host listens; the other sandbox; the metadata address; the routers and resolvers of the host's own
 * networks. Whatever answers was reached, even when its answer is a refusal. Names are resolved as the function's own
 * code would do it.
 */
export class EgressProver implements ProvesEgress {
  readonly #options: EgressProverOptions;
  readonly #trials = new Set<string>();

  constructor(options: EgressProverOptions) {
    this.#options = options;
  }

  /** Whether this sandbox belongs to a proof under way, and so may be linked before anything is proven. */
  isTrial(sandboxId: string): boolean {
    return this.#trials.has(sandboxId);
  }

  /** Never rejects. */
  async prove(driver: GuardedDriver): Promise<EgressProof> {
    const { firstStartMs = 0 } = driver.capabilities;
    const signal = AbortSignal.timeout(PROOF_DEADLINE_MS + PATIENCE * firstStartMs);
    const lacking = await this.#options.network.inspect(signal);
    if (lacking !== null) return { isProven: false, isEvidence: true, ...lacking };
    try {
      const reached = await this.#reached(driver, signal);
      if (reached.length === 0)
        return {
          ...{ isProven: true, isEvidence: true, fix: null },
          detail: 'A sandbox with egress reached nothing it must not reach.',
        };
      return {
        ...{ isProven: false, isEvidence: true },
        detail: `A sandbox with egress reached ${reached.join(', ')}.`,
        fix: 'Look for rules that accept or translate packets before ours: nft list ruleset',
      };
    } catch (error) {
      if (error instanceof EgressRefusal) return { isProven: false, isEvidence: true, ...error.why };
      this.#options.log.warn({ driver: driver.name, err: error }, 'egress could not be proven');
      return {
        ...{ isProven: false, isEvidence: false },
        detail: 'No sandbox with egress could be tried; the server log says why.',
        fix: 'Try again in a minute: the host may be too busy.',
      };
    }
  }

  async #reached(driver: GuardedDriver, signal: AbortSignal): Promise<string[]> {
    const folder = join(this.#options.runDir, this.#options.epoch, `proof-${randomBytes(4).toString('hex')}`);
    await mkdir(folder, { mode: 0o755 });
    await writeFile(join(folder, 'index.mjs'), PROOF_SOURCE, { mode: 0o644 });
    const made: Sandbox[] = [];
    const canary = await listening();
    try {
      const [sibling, asking] = [
        await this.#loaded(driver, folder, made, signal),
        await this.#loaded(driver, folder, made, signal),
      ];
      const { address } = await ask<{ address: string }>(sibling, { listen: SIBLING_PORT });
      const { port } = canary.address() as { port: number };
      const { allow } = this.#options;
      const targets = [{ host: address, port: SIBLING_PORT }, ...(await forbidden(port))]
        .filter((target) => !isAllowed(target, allow))
        .slice(0, TARGETS_MAX);
      return await ask<string[]>(asking, { targets });
    } finally {
      canary.close();
      await Promise.allSettled(made.map((sandbox) => sandbox.destroy('proof over')));
      for (const { id } of made) this.#trials.delete(id);
      await rm(folder, { recursive: true, force: true });
    }
  }

  async #loaded(driver: GuardedDriver, folder: string, made: Sandbox[], signal: AbortSignal): Promise<Sandbox> {
    const { instance, epoch } = this.#options;
    const id = `egress-${randomBytes(6).toString('hex')}`;
    this.#trials.add(id);
    try {
      // The sandbox is like those of most functions, so what is made for the first of a kind (a snapshot) also serves
      // them.
      const memoryMib = Math.max(LIMITS.memoryMib.default, driver.capabilities.memoryMinMib);
      const [cpus, diskMib] = [LIMITS.cpus.default, LIMITS.diskMib.default];
      const sandbox = await driver.create(
        {
          ...{ id, runtime: OWN_RUNTIME, memoryMib, cpus, pidsMax: LIMITS.pidsMax, diskMib },
          ...{ network: 'egress', bootEnv: {}, labels: { instance, epoch } },
          from: { kind: 'image' },
        },
        signal,
      );
      made.push(sandbox);
      const sha256 = createHash('sha256').update(PROOF_SOURCE).digest('hex');
      const code = { sha256, workspaceId: 'platform', path: folder, fileCount: 1 };
      const load = await sandbox.load(code, { ...SETTINGS, memoryMib }, signal);
      if (load.kind !== 'loaded') throw new Error(`the proof did not load: ${load.kind}`);
      return sandbox;
    } catch (error) {
      this.#trials.delete(id);
      throw error;
    }
  }
}

const SETTINGS: Omit<LoadSettings, 'memoryMib'> = {
  functionName: 'egress-proof',
  functionVersion: '$LATEST',
  functionArn: 'arn:aws:lambda:local:000000000000:function:egress-proof',
  handler: 'index.handler',
  timeoutMs: CALL_MS,
  concurrency: 1,
  env: {},
  initTimeoutMs: 10_000,
};

async function ask<T>(sandbox: Sandbox, event: object): Promise<T> {
  const reply = await new Promise<SandboxReply>((resolve) => {
    const request = {
      ...{
        requestId: 'egress-proof',
        functionArn: SETTINGS.functionArn,
        timeoutMs: CALL_MS,
        traceId: null,
        stream: null,
      },
      event: Buffer.from(JSON.stringify(event)),
    };
    let answer: SandboxReply;
    sandbox.invoke(
      request,
      (replied) => {
        answer = replied;
      },
      // Only after this may it be called again.
      () => resolve(answer),
    );
  });
  if (reply.kind !== 'result') throw new Error(`the proof ended as ${reply.kind}`);
  return JSON.parse(Buffer.from(reply.body).toString()) as T;
}

async function listening(): Promise<Server> {
  const server = createServer((socket) => socket.on('error', () => {}).end());
  server.unref();
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '0.0.0.0', resolve));
  return server;
}

function isAllowed({ host, port }: { host: string; port: number }, allow: readonly EgressAllow[]): boolean {
  const one = ipv4Number(host);
  if (one === null) return false;
  const covers = ({ cidr }: EgressAllow) => overlaps(ipv4Block(cidr)!, { first: one, bits: 32 });
  return allow.some((entry) => covers(entry) && (entry.port === null || entry.port === port));
}

/** What must stay out of reach here, IPv6 included. */
async function forbidden(canaryPort: number): Promise<{ host: string; port: number }[]> {
  const own = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  const outside = own.filter((one) => !one.internal && !one.address.startsWith('fe80')).map((one) => one.address);
  const resolvers = hostResolvers().filter((address) => isRefusedAddress(address));
  const neighbours = [...new Set([...resolvers, ...(await hostGateways(AbortSignal.timeout(5_000)))])];
  return [
    ...outside.map((host) => ({ host, port: canaryPort })),
    { host: METADATA, port: 80 },
    ...neighbours.flatMap((host) => NEIGHBOUR_PORTS.map((port) => ({ host, port }))),
  ];
}
