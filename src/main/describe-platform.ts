import type { Config } from '../config/config.ts';
import type { DataDir } from '../config/data-dir.ts';
import { version } from '../config/version.ts';
import type { HostContext } from '../contract/host-context.ts';
import { ISOLATIONS, type Isolation, RUNTIMES } from '../domain/names.ts';
import type { IsolationView, PlatformOperations, PlatformView } from '../http/deps.ts';
import type { Sandboxes } from './build-sandboxes.ts';
import type { Stores } from './open-stores.ts';

interface Inputs {
  config: Config;
  dataDir: DataDir;
  host: HostContext;
  sandboxes: Sandboxes;
  stores: Stores;
  /** True when the server is the last process to be killed for memory. */
  isProtected: boolean;
}

/** What the console, `doctor` and the readiness probes are told. All of it comes from memory. */
export function describePlatform(inputs: Inputs): PlatformOperations {
  const { dataDir, host, sandboxes } = inputs;
  const startedAt = new Date().toISOString();
  const isolation = (): IsolationView[] => sandboxes.registry.report().map((one) => viewOf(one));
  return {
    platform: () => ({
      version: version(),
      instance: host.instance,
      dataDir: dataDir.path,
      startedAt,
      warnings: warningsOf(inputs),
      preparing: preparingOf(sandboxes),
      stuck: stuckOf(sandboxes),
    }),
    isolation,
    runtimes: () =>
      RUNTIMES.map((runtime) => ({
        runtime,
        isolations: isolation().flatMap((one) =>
          isServing(one) && one.runtimes.includes(runtime) ? [one.isolation] : [],
        ),
      })).filter((one) => one.isolations.length > 0),
    notReady: (asked) => notReady(isolation(), asked),
  };
}

/** More tell nobody more. */
const STUCK_SHOWN_MAX = 100;

function stuckOf(sandboxes: Sandboxes): PlatformView['stuck'] {
  return sandboxes
    .stuck()
    .slice(0, STUCK_SHOWN_MAX)
    .map(({ sinceMs, ...one }) => ({ ...one, since: new Date(sinceMs).toISOString() }));
}

function preparingOf({ images, imagesRetry }: Sandboxes): PlatformView['preparing'] {
  if (images.progress) return [{ name: 'docker', detail: images.progress.step, progress: images.progress.fraction }];
  if (imagesRetry === null) return [];
  const detail = `The runtime image could not be made (${imagesRetry.reason}); the next try is at ${imagesRetry.retryAt}.`;
  return [{ name: 'docker', detail, progress: null }];
}

function viewOf({ driver, state, probe, egress }: ReturnType<Sandboxes['registry']['report']>[number]): IsolationView {
  return {
    isolation: driver.isolation,
    driver: driver.name,
    state: probe?.state ?? state,
    detail: probe?.detail ?? 'Not probed yet.',
    fix: probe?.fix ?? null,
    fence: driver.capabilities.fence,
    runtimes: probe?.runtimes ?? [],
    enforced: probe?.enforced ?? null,
    progress: probe?.progress ?? null,
    egress,
  };
}

function notReady(views: IsolationView[], asked: Isolation | null): string | null {
  if (asked === null) return views.some(isServing) ? null : 'No isolation is usable yet.';
  const view = views.find((one) => one.isolation === asked);
  if (!view)
    return ISOLATIONS.includes(asked) ? `${asked} is not offered by this server.` : `There is no isolation ${asked}.`;
  return isServing(view) ? null : `${asked}: ${view.detail}`;
}

/** One that is busy goes on with what it offered before; one that never offered anything lists no runtime. */
function isServing({ state, runtimes }: IsolationView): boolean {
  return state === 'usable' || (state === 'busy' && runtimes.length > 0);
}

function warningsOf({ config, dataDir, host, sandboxes, stores, isProtected }: Inputs): string[] {
  const warnings: string[] = [];
  if (dataDir.isTemporary)
    warnings.push('The data directory is in the temp directory: everything is gone with it. Set COLDFRAME_DATA_DIR.');
  if (stores.disk.isFull) warnings.push('The disk of the data directory is full: deploys are refused.');
  if (host.uidRange === null)
    warnings.push(
      'Not running as root: sandboxes share the server’s own uid where the isolation has no uids of its own.',
    );
  if (!isProtected)
    warnings.push(
      'The server may not protect itself from the out-of-memory killer: run it as root, or with OOMScoreAdjust under systemd.',
    );
  const stuck = sandboxes.stuck();
  if (stuck.length > 0) {
    const heldMib = stuck.reduce((sum, one) => sum + one.limitMib, 0);
    warnings.push(
      `${stuck.length} sandbox(es) could not be removed from this host and hold ${heldMib} MiB of its sum of memory limits; each is tried again.`,
    );
  }
  const usable = sandboxes.registry.usable();
  if (usable.length > 0 && usable.every(({ isolation }) => isolation === 'process')) {
    const what = usable[0]?.lastProbe?.detail ?? 'Functions are not fenced from this host.';
    warnings.push(`Only process isolation is usable. ${what} See \`coldframe doctor\`.`);
  }
  if (config.host !== '127.0.0.1' && config.host !== 'localhost' && config.publicUrl === null) {
    warnings.push(
      'Listening beyond loopback without COLDFRAME_PUBLIC_URL: only requests with a loopback Host are answered.',
    );
  }
  return warnings;
}
