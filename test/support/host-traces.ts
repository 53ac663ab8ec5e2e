import { readdirSync, readFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const DOCKER_SOCKET = '/var/run/docker.sock';
const DOCKER_DEADLINE_MS = 10_000;
const CGROUP_ROOT = '/sys/fs/cgroup';
const CGROUP_DEPTH = 4;
const RUN_PLACES = ['/var/lib', '/run', tmpdir()];

/** What a server leaves on the host, by where it was seen; each entry names the thing for a failing test's message. */
export interface HostTraces {
  containers: string[];
  cgroups: string[];
  mounts: string[];
  directories: string[];
  processes: string[];
}

export const NO_TRACES: HostTraces = { containers: [], cgroups: [], mounts: [], directories: [], processes: [] };

/**
 * Everything on this host that carries the instance's name and, when given, also `part`: a sandbox's id or an epoch. Without
 * it the instance's own run directory and parent cgroups count too. It looks at the kernel and at Docker, never at what the
 * server believes.
 */
export async function hostTraces(instance: string, part = ''): Promise<HostTraces> {
  const isOurs = (text: string): boolean => text.includes(`coldframe-${instance}`) && text.includes(part);
  return {
    containers: (await containers(instance)).filter((one) => one.includes(part)),
    cgroups: cgroupsBelow(CGROUP_ROOT, CGROUP_DEPTH).filter(isOurs),
    mounts: linesOf('/proc/self/mountinfo')
      .map((line) => line.split(' ')[4] ?? '')
      .filter(isOurs),
    directories: slots(instance).filter(isOurs),
    processes: processes()
      .filter(({ cgroup }) => isOurs(cgroup))
      .map(({ name }) => name),
  };
}

/** Ids and labels of the instance's containers, running or not; empty where Docker does not answer. */
async function containers(instance: string): Promise<string[]> {
  const filters = encodeURIComponent(JSON.stringify({ label: [`coldframe.instance=${instance}`] }));
  const text = await askDocker(`/containers/json?all=true&filters=${filters}`);
  return (JSON.parse(text || '[]') as { Id: string; State: string; Labels: Record<string, string> }[]).map(
    ({ Id, State, Labels }) =>
      `${Id.slice(0, 12)} ${State} ${Labels['coldframe.epoch']}-${Labels['coldframe.sandbox']}`,
  );
}

function askDocker(path: string): Promise<string> {
  return new Promise((resolve) => {
    const signal = AbortSignal.timeout(DOCKER_DEADLINE_MS);
    const asked = request({ socketPath: DOCKER_SOCKET, path, signal }, (reply) => {
      let text = '';
      reply.on('data', (chunk: Buffer) => (text += chunk.toString()));
      reply.on('end', () => resolve(text));
    });
    asked.on('error', () => resolve(''));
    asked.end();
  });
}

function cgroupsBelow(directory: string, depth: number): string[] {
  if (depth === 0) return [];
  return entries(directory)
    .map((name) => join(directory, name))
    .flatMap((path) => [path, ...cgroupsBelow(path, depth - 1)]);
}

function slots(instance: string): string[] {
  return RUN_PLACES.filter((place) => entries(place).includes(`coldframe-${instance}`)).flatMap((place) => {
    const runDir = join(place, `coldframe-${instance}`);
    const epochs = epochsIn(runDir).map((epoch) => join(runDir, epoch));
    return [runDir, ...epochs, ...epochs.flatMap((epoch) => entries(epoch).map((name) => join(epoch, name)))];
  });
}

/** The starts of this instance that have directories on the host, this one's included. */
export function epochsOf(instance: string): string[] {
  return RUN_PLACES.flatMap((place) => epochsIn(join(place, `coldframe-${instance}`)));
}

function epochsIn(runDir: string): string[] {
  return entries(runDir).filter((name) => /^e[0-9a-z]+$/.test(name));
}

/** The pids of processes in the instance's cgroups that carry `part`. */
export function pidsOf(instance: string, part: string): number[] {
  return processes()
    .filter(({ cgroup }) => cgroup.includes(`coldframe-${instance}`) && cgroup.includes(part))
    .map(({ name }) => Number.parseInt(name, 10));
}

function processes(): { name: string; cgroup: string }[] {
  return entries('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => ({
      name: `${pid} ${linesOf(`/proc/${pid}/cmdline`).join('').replaceAll('\0', ' ')}`,
      cgroup: linesOf(`/proc/${pid}/cgroup`).join(' '),
    }));
}

function entries(directory: string): string[] {
  try {
    return readdirSync(directory, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name);
  } catch {
    return [];
  }
}

function linesOf(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n');
  } catch {
    return [];
  }
}
