import type { SandboxSpec } from '../../contract/driver.ts';

/** What every shim gets at boot; see docs of the wire. `channel` is the socket as seen from inside. */
export function bootEnvironment(
  spec: SandboxSpec,
  place: { channel: string; token: string; tempDir: string; shimsDir: string; path: string },
): Record<string, string> {
  return {
    PATH: place.path,
    LANG: 'en_US.UTF-8',
    TZ: ':UTC',
    HOME: place.tempDir,
    TMPDIR: place.tempDir,
    LAMBDA_RUNTIME_DIR: place.shimsDir,
    ...spec.bootEnv,
    COLDFRAME_CHANNEL: place.channel,
    COLDFRAME_TOKEN: place.token,
    COLDFRAME_RUNTIME: spec.runtime,
  };
}
