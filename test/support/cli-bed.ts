import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { type CliOptions, type CliResult, runCli, serverEnv } from './run-cli.ts';
import { TestServer } from './test-server.ts';

/** For a file's tests of the command line: one server with process isolation, and a folder commands run in. */
export class CliBed {
  server!: TestServer;
  home = '';

  /** Call it once, outside of any test. */
  static use(): CliBed {
    const bed = new CliBed();
    beforeAll(async () => {
      bed.home = mkdtempSync(join(tmpdir(), 'coldframe-cli-'));
      bed.server = await TestServer.start({ env: { COLDFRAME_ISOLATION: 'process' } });
    });
    afterAll(async () => {
      await bed.server.stop();
      rmSync(bed.home, { recursive: true, force: true });
    });
    return bed;
  }

  run(args: string[], options: CliOptions = {}): Promise<CliResult> {
    return runCli(args, { cwd: this.home, ...options, env: { ...serverEnv(this.server), ...options.env } });
  }
}
