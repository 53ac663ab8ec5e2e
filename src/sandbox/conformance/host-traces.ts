import { readdirSync, readFileSync } from 'node:fs';

/** How deep cgroups of ours lie below a controller. */
const CGROUP_DEPTH_MAX = 5;

/** Mounts, cgroups and processes of this host that carry a sandbox's id in their names. */
export async function hostTraces(sandboxId: string): Promise<string[]> {
  const traces: string[] = [];
  for (const line of readOr('/proc/self/mountinfo').split('\n')) {
    if (line.includes(sandboxId)) traces.push(`mount: ${line}`);
  }
  findCgroups('/sys/fs/cgroup', sandboxId, 0, traces);
  for (const { pid, cmdline } of processes()) {
    if (cmdline.includes(sandboxId)) traces.push(`process ${pid}: ${cmdline}`);
  }
  return traces;
}

/** Every process of the host with its command line, words joined by spaces. */
export function processes(): { pid: number; cmdline: string }[] {
  const found: { pid: number; cmdline: string }[] = [];
  for (const name of namesIn('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    const cmdline = readOr(`/proc/${name}/cmdline`).replaceAll('\0', ' ').trim();
    if (cmdline !== '') found.push({ pid, cmdline });
  }
  return found;
}

/** The real uid of a process as the host sees it; null once it is gone. */
export function uidOf(pid: number): number | null {
  const match = /^Uid:\s+(\d+)/m.exec(readOr(`/proc/${pid}/status`));
  return match === null ? null : Number(match[1]);
}

/** The environment a process was started with, as far as we may read it. */
export function bootEnvironmentOf(pid: number): string {
  return readOr(`/proc/${pid}/environ`);
}

function findCgroups(path: string, sandboxId: string, depth: number, traces: string[]): void {
  if (depth > CGROUP_DEPTH_MAX) return;
  for (const entry of directoriesIn(path)) {
    const child = `${path}/${entry}`;
    if (entry.includes(sandboxId)) traces.push(`cgroup: ${child}`);
    else findCgroups(child, sandboxId, depth + 1, traces);
  }
}

function directoriesIn(path: string): string[] {
  try {
    return readdirSync(path, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name);
  } catch {
    return []; // gone meanwhile
  }
}

function namesIn(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return []; // no such file system here
  }
}

function readOr(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // gone meanwhile, or not ours to read
  }
}
