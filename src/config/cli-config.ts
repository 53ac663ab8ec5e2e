import { homedir } from 'node:os';
import { join } from 'node:path';

/** What the command line reads of its environment; flags win over all of it. */
export interface CliConfig {
  url: string | null;
  key: string | null;
  dataDir: string | null;
  xdgDataHome: string | undefined;
  /** Where `coldframe login` keeps profiles, mode 0600. */
  profilesPath: string;
  isColorWanted: boolean;
  /** As the server reads them. */
  firecracker: string | null;
  jailer: string | null;
  firecrackerSlowness: number;
}

export function readCliConfig(env: Record<string, string | undefined>): CliConfig {
  return {
    url: env.COLDFRAME_URL || null,
    key: env.COLDFRAME_KEY || null,
    dataDir: env.COLDFRAME_DATA_DIR || null,
    xdgDataHome: env.XDG_DATA_HOME,
    profilesPath: join(env.XDG_CONFIG_HOME || join(homedir(), '.config'), 'coldframe', 'profiles.json'),
    isColorWanted: !env.NO_COLOR && env.TERM !== 'dumb',
    firecracker: env.COLDFRAME_FIRECRACKER || null,
    jailer: env.COLDFRAME_JAILER || null,
    firecrackerSlowness: Number(env.COLDFRAME_FIRECRACKER_SLOWNESS) || 1,
  };
}
