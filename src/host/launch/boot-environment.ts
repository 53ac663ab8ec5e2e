import type { SandboxSpec } from '../../contract/driver.ts';
import { packagePaths, TASK_ROOT } from '../../domain/package-paths.ts';

/** What every shim gets at boot (see docs of the wire). `channel` is the socket's path as seen from inside. */
export function bootEnvironment(
  spec: SandboxSpec,
  place: { channel: string; token: string; tempDir: string; shimsDir: string; path: string; taskRoot?: string },
): Record<string, string> {
  const { taskRoot = TASK_ROOT } = place;
  const bootEnv = Object.entries(spec.bootEnv).map(([name, value]) => [name, packagePaths(value, taskRoot)]);
  return {
    PATH: place.path,
    LANG: 'en_US.UTF-8',
    TZ: ':UTC',
    HOME: place.tempDir,
    TMPDIR: place.tempDir,
    LAMBDA_RUNTIME_DIR: place.shimsDir,
    LD_LIBRARY_PATH: libraryPath(taskRoot),
    ...Object.fromEntries(bootEnv),
    COLDFRAME_CHANNEL: place.channel,
    COLDFRAME_TOKEN: place.token,
    COLDFRAME_RUNTIME: spec.runtime,
  };
}

/** Where the dynamic linker looks for libraries of a function whose package will lie in one of those folders, as on Lambda. */
export function libraryPath(...taskRoots: string[]): string {
  return [...taskRoots.flatMap((root) => [root, `${root}/lib`]), '/opt/lib'].join(':');
}
