import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Isolation } from '../../../src/domain/names.ts';
import { fixture } from '../../support/fixture.ts';
import { hostTraces } from '../../support/host-traces.ts';
import { readUntil } from '../../support/read-until.ts';
import type { TestServer } from '../../support/test-server.ts';
import { type Canaries, hostKernel } from './canaries.ts';
import { ESCAPE_LIMITS, EscapeFunctions, GONE_WITHIN_MS, patience } from './escape-functions.ts';
import { freePort } from './free-port.ts';
import { observeEgress } from './observe-egress.ts';
import { PROBES } from './probe-table.ts';

/** `not offered`: the server refuses what the probe would need, and says so. */
export type Verdict = 'fenced' | 'open' | 'own kernel' | 'not offered';

export interface Observation {
  verdict: Verdict;
  /** What the function or the host saw, for people. */
  seen: string;
}

export interface Report {
  open: boolean;
  seen: string;
  isNotOffered?: boolean;
  /** Ways that failed by a mistake in the probe itself, which says nothing of the fence. */
  broken?: string[];
}
export type Reports = Record<string, Report>;

const SMALL_SHARE = { cpus: 0.2, processes: 2, seconds: 1.5 };
/** A period's quota for each process, and what was begun before. */
const SHARE_ALLOWANCE_MS = 150;
/** Above every limit of a sandbox, and below what would hurt the host where there is none. */
const FILL = { descriptors: 5_000, processes: 320, inodes: 3_000, diskMib: 24 };
/** What is tried is the limit of processes, not of memory: on a kernel of its own each costs some 4 MiB. */
const FILL_MEMORY_MIB = 2_048;
/** Some 250 forks of an interpreter, on a kernel that emulates them and a host with other work. */
const FILL_TIMEOUT_MS = patience(240_000);
/** Longer than a removal takes. */
const SWAP_SECONDS = 3;
const LOGS_MAX_BYTES = 256 * 1024 + 1024;
const STATE_FILES = ['admin.key', 'master.key', 'control.db', 'telemetry.db', 'server.json'];
const DOCKER_SOCKETS = ['/var/run/docker.sock', '/run/docker.sock', '/run/containerd/containerd.sock'];
/** No sandbox was to be had: it says nothing of a fence. */
const NEVER_RAN = [429, 503];
/** That of the fixture. */
const SHM_KEY = 0x00c01df3;

/**
 * Runs every probe under one isolation, in as few sandboxes as the probes allow, and says of each what came of it. What
 * functions report is believed where it speaks against the fence; where it speaks for it, the host looks for itself. `onSeen` is
 * told all that was seen so far, each time there is more of it.
 */
export async function observe(
  server: TestServer,
  isolation: Isolation,
  canaries: Canaries,
  onSeen: (soFar: Map<string, Observation>) => void = () => {},
): Promise<Map<string, Observation>> {
  const run = new EscapeRun(server, isolation, canaries);
  return observationsOf(await run.all((reports) => onSeen(observationsOf(reports))));
}

function observationsOf(reports: Reports): Map<string, Observation> {
  const isOwnKernel = reports.kernel !== undefined && reports.kernel.seen !== hostKernel();
  return new Map(
    PROBES.flatMap(({ id, isAboutTheKernel }): [string, Observation][] => {
      const report = reports[id];
      if (report === undefined) return [];
      if (report.broken?.length) throw new Error(`the probe ${id} is broken: ${report.broken.join(', ')}`);
      const through: Verdict = isAboutTheKernel && isOwnKernel ? 'own kernel' : 'open';
      const verdict = report.isNotOffered ? 'not offered' : report.open ? through : 'fenced';
      return [[id, { verdict, seen: report.seen }]];
    }),
  );
}

class EscapeRun {
  readonly #server: TestServer;
  readonly #canaries: Canaries;
  readonly #secret = `secret-${randomBytes(12).toString('hex')}`;
  readonly #codeMarker = `code-${randomBytes(12).toString('hex')}`;
  readonly #functions: EscapeFunctions;

  constructor(server: TestServer, isolation: Isolation, canaries: Canaries) {
    this.#server = server;
    this.#functions = new EscapeFunctions(server, isolation);
    this.#canaries = canaries;
  }

  async all(onStage: (reports: Reports) => void): Promise<Reports> {
    const reports: Reports = {};
    const add = async (stage: Promise<Reports>): Promise<void> => onStage(Object.assign(reports, await stage));
    try {
      await add(this.#probe(await this.#neighbour()));
      await add(this.#fill());
      await add(this.#starve());
      await Promise.all([this.#memory(), this.#cpu(), this.#logPipe(), this.#forgery()].map(add));
      await add(this.#pair());
      await add(observeEgress(this.#server, this.#functions, this.#canaries));
      return reports;
    } finally {
      await this.#functions.removeAll();
    }
  }

  /** A function that is alive, listens and has a secret, with code of its own. */
  async #neighbour(): Promise<{ port: number; abstract: string; sandboxId: string }> {
    await this.#functions.deploy('neighbour', { env: { HIDDEN: { secret: this.#secret } } }, this.#codeMarker);
    const abstract = `neighbour-${randomBytes(8).toString('hex')}`;
    const reply = await this.#functions.call('neighbour', { do: 'listen', port: await freePort(), abstract });
    const { port } = reply.body as { port: number };
    return { port, abstract, sandboxId: await this.#functions.sandboxOf(reply) };
  }

  async #probe(neighbour: { port: number; abstract: string; sandboxId: string }): Promise<Reports> {
    const { marker, hostFile, openFile, openDir, linkTarget, abstractName, port, pid, hostAddresses } = this.#canaries;
    const server = this.#server;
    const { instance } = (await server.api<{ instance: string }>('GET', '/platform')).body;
    const slots = (await hostTraces(instance, neighbour.sandboxId)).directories;
    const runDirs = ['/var/lib', '/run', tmpdir()].map((place) => join(place, `coldframe-${instance}`));
    const visitorsBefore = this.#canaries.visitors;
    const facts = {
      marker,
      hostFiles: [hostFile],
      writeTo: [openFile, join(openDir, 'planted')],
      linkTargets: [linkTarget, join(linkTarget, 'file')],
      stateFiles: [
        ...STATE_FILES.map((name) => join(server.dataDir, name)).filter((path) => existsSync(path)),
        ...['environ', 'root/etc/shadow', 'fd/0'].map((name) => `/proc/${server.pid}/${name}`),
      ],
      roots: [server.dataDir, ...slots, ...runDirs, '/var/task/..'],
      codeMarker: this.#codeMarker,
      envMarker: this.#secret,
      canaryPid: pid,
      dockerSockets: DOCKER_SOCKETS,
      runDirs,
      neighbourSockets: slots.map((slot) => join(slot, 'ch/s')),
      neighbourPipes: slots.flatMap((slot) => ['out', 'err'].map((name) => join(slot, 'ch', name))),
      ports: [port, Number(new URL(server.url).port), Number(new URL(server.functionUrl).port)],
      abstract: abstractName,
      hostAddresses,
      neighbourPort: neighbour.port,
      neighbourAbstract: neighbour.abstract,
    };
    await this.#functions.deploy('escapes');
    const reply = await this.#functions.call('escapes', { do: 'probe', facts });
    const reports = reply.body as Reports;
    await this.#functions.remove('escapes', instance, await this.#functions.sandboxOf(reply));
    return this.#lookedAt(reports, visitorsBefore);
  }

  /** The host's own view put over the function's. */
  #lookedAt(reports: Reports, visitorsBefore: number): Reports {
    const harm = this.#canaries.harm();
    const isVisited = this.#canaries.visitors > visitorsBefore;
    const isWritten = this.#canaries.takeWrites();
    const networks = ['host-loopback', 'host-abstract', 'host-addresses'];
    if (isVisited && !networks.some((id) => reports[id]?.open))
      reports['host-loopback'] = { open: true, seen: 'the host’s canary was visited' };
    if (isWritten && reports['host-write']?.open === false)
      reports['host-write'] = { open: true, seen: 'the host found what was written' };
    if (harm.length > 0) reports['links-for-the-host'] = { open: true, seen: harm.join(', ') };
    return reports;
  }

  async #fill(): Promise<Reports> {
    await this.#functions.deploy('fills', { memoryMib: FILL_MEMORY_MIB, timeoutMs: FILL_TIMEOUT_MS });
    const { pidsMax, inodesMax } = { pidsMax: 300, inodesMax: FILL.inodes };
    const most = {
      descriptors: FILL.descriptors,
      processes: pidsMax,
      inodes: inodesMax,
      disk: ESCAPE_LIMITS.diskMib + 1,
    };
    const { body } = await this.#functions.call('fills', { do: 'fill', ...FILL, most });
    return body as Reports;
  }

  /** One holds all it can get and sleeps on it; another, whose sandbox starts meanwhile, must not miss anything. */
  async #starve(): Promise<Reports> {
    const { marker } = this.#canaries;
    const { instance } = (await this.#server.api<{ instance: string }>('GET', '/platform')).body;
    await this.#functions.deploy('holds', {}, 'holds');
    await this.#functions.deploy('spares', {}, 'spares');
    const held = await this.#functions.call('holds', { do: 'hold', marker });
    const spared = await this.#functions.invoke('spares', { do: 'spare', marker });
    const start = spared.headers.get('coldframe-start') ?? 'none';
    const isStarted = spared.status === 200 && start !== 'warm';
    const reports = (isStarted ? spared.body : {}) as Reports;
    for (const report of Object.values(reports)) report.seen += `; held: ${held.text}`;
    await this.#functions.call('holds', { do: 'release' });
    await this.#functions.remove('holds', instance, await this.#functions.sandboxOf(held));
    // Such memory goes after everything else of a sandbox, and before its uid is used again.
    const isLeft = () => readFileSync('/proc/sysvipc/shm', 'utf8').includes(` ${SHM_KEY} `);
    const left = await readUntil(isLeft, (seen) => !seen, GONE_WITHIN_MS);
    return {
      ...reports,
      'shared-locks': { open: !isStarted, seen: `status ${spared.status}, start ${start}` },
      'left-memory': { open: left, seen: left ? 'found on the host' : 'nothing on the host' },
    };
  }

  /** One leaves trees in every place both might see; another swaps their folders for links while the host removes the first. */
  async #pair(): Promise<Reports> {
    const { instance } = (await this.#server.api<{ instance: string }>('GET', '/platform')).body;
    const name = `pair-${randomBytes(6).toString('hex')}`;
    await this.#functions.deploy('leaves', {}, 'leaves');
    await this.#functions.deploy('swaps', {}, 'swaps');
    const left = await this.#functions.call('leaves', { do: 'leave', name });
    const { linkTarget } = this.#canaries;
    const swapping = this.#functions.call('swaps', { do: 'swap', name, target: linkTarget, seconds: SWAP_SECONDS });
    await this.#functions.remove('leaves', instance, await this.#functions.sandboxOf(left));
    const swapped = await swapping;
    await this.#functions.remove('swaps', instance, await this.#functions.sandboxOf(swapped));
    const harm = this.#canaries.harm();
    return { 'swapped-links': { open: harm.length > 0, seen: `${harm.join(', ') || 'no harm'}; ${swapped.text}` } };
  }

  async #memory(): Promise<Reports> {
    await this.#functions.deploy('hoards', { memoryMib: 128 });
    const reply = await this.#functions.invoke('hoards', { do: 'hoard', mib: 400 });
    if (NEVER_RAN.includes(reply.status)) throw new Error(`hoards never ran: ${reply.status} ${reply.text}`);
    return { memory: { open: reply.status === 200, seen: `status ${reply.status}, ${reply.body.code}` } };
  }

  async #cpu(): Promise<Reports> {
    const { cpus, processes, seconds } = SMALL_SHARE;
    await this.#functions.deploy('burns', { cpus });
    const reply = await this.#functions.call('burns', { do: 'burn', processes, seconds });
    const record = await this.#functions.recordOf(reply);
    const { usage, phases } = record.attempts[0] ?? {};
    const usedMs = usage?.cpuMs ?? (reply.body as { cpuMs: number }).cpuMs;
    const allowedMs = cpus * (phases?.totalMs ?? 0) + SHARE_ALLOWANCE_MS;
    return { cpu: { open: usedMs > allowedMs, seen: `${Math.round(usedMs)} ms of ${Math.round(allowedMs)}` } };
  }

  async #logPipe(): Promise<Reports> {
    await this.#functions.deploy('shouts');
    const record = await this.#functions.recordOf(await this.#functions.call('shouts', { do: 'shout', kib: 1024 }));
    const kept = record.attempts[0]?.logs.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0) ?? 0;
    return { 'log-pipe': { open: kept > LOGS_MAX_BYTES, seen: `${kept} bytes kept` } };
  }

  /** While a neighbour is being called, another writes a result for that stream and for one nobody opened. */
  async #forgery(): Promise<Reports> {
    const victim = await this.#functions.deploySource('victim', fixture('slow', 'python'));
    const forger = await this.#functions.deploySource('forges', fixture('forges-other-stream', 'python'));
    const asked = this.#server.invoke(victim, { ms: 700 });
    const forged = await this.#server.invoke<{ code?: string }>(forger, { type: 9, stream: 2 });
    const answer = await asked;
    const isOpen = forged.body.code !== 'protocol_violation' || answer.status !== 200;
    return { 'forged-replies': { open: isOpen, seen: `${forged.body.code}; the neighbour got ${answer.status}` } };
  }
}
