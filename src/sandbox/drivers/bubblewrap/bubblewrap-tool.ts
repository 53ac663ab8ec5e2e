import { existsSync, readFileSync, statSync } from 'node:fs';
import { SlowTrial } from '../../../host/launch/boot-probe.ts';
import { runTool, TOOL_DEADLINE_MS } from '../../../host/run-tool.ts';

const PLACES = ['/usr/bin/bwrap', '/usr/local/bin/bwrap', '/bin/bwrap'];

/** The bwrap found on this host. */
export interface BubblewrapTool {
  path: string;
  version: string;
  canDisableUserns: boolean;
  /** Distributions that lack unprivileged user namespaces install bwrap set-uid root. */
  isSetuid: boolean;
}

/** Null when it is not installed or does not run. Rejects with a SlowTrial when it does not say its version in time. */
export async function findBubblewrap(signal: AbortSignal): Promise<BubblewrapTool | null> {
  const path = PLACES.find((place) => existsSync(place));
  if (path === undefined) return null;
  const limit = AbortSignal.any([signal, AbortSignal.timeout(TOOL_DEADLINE_MS)]);
  const { stdout } = await runTool(path, ['--version'], limit);
  const [, major, minor] = /(\d+)\.(\d+)/.exec(stdout) ?? [];
  if (major === undefined && limit.aborted) throw new SlowTrial('bwrap --version');
  if (major === undefined) return null;
  const canDisableUserns = Number(major) > 0 || Number(minor) >= 8;
  return { path, version: `${major}.${minor}`, canDisableUserns, isSetuid: (statSync(path).mode & 0o4000) !== 0 };
}

/** Why this host refuses namespaces, as far as the kernel's settings tell, and what mends it. */
export function explainRefusal(): { detail: string; fix: string } {
  if (setting('kernel/apparmor_restrict_unprivileged_userns') === '1') {
    return {
      detail: 'AppArmor does not let bubblewrap make user namespaces.',
      fix: 'install an AppArmor profile that allows `userns` for /usr/bin/bwrap (package apparmor-profiles), or set kernel.apparmor_restrict_unprivileged_userns=0',
    };
  }
  if (setting('kernel/unprivileged_userns_clone') === '0') {
    return {
      detail: 'The kernel does not let users make user namespaces.',
      fix: 'sysctl -w kernel.unprivileged_userns_clone=1',
    };
  }
  if (setting('user/max_user_namespaces') === '0') {
    return { detail: 'The kernel allows no user namespaces.', fix: 'sysctl -w user.max_user_namespaces=10000' };
  }
  return {
    detail: 'bubblewrap with our flags did not start a sandbox that answers.',
    fix: 'in a container, run it with `--security-opt seccomp=unconfined --security-opt apparmor=unconfined --security-opt systempaths=unconfined`; else see the server log',
  };
}

function setting(name: string): string | null {
  try {
    return readFileSync(`/proc/sys/${name}`, 'utf8').trim();
  } catch {
    return null;
  }
}
