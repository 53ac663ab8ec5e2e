import { basename } from 'node:path';
import { describeDriverConformance } from '../../conformance/driver-conformance.ts';
import { LanguageCases } from '../../conformance/language-cases.ts';
import { FIXTURE_TWINS } from './fixture-twins.ts';
import { MemoryDriver } from './memory-driver.ts';

const NO_SYSTEM = 'there is no operating system in memory';
const NO_FENCE = 'memory is no fence';

describeDriverConformance(
  'memory',
  async () => {
    const driver = new MemoryDriver({ resolve: (code) => FIXTURE_TWINS[basename(code.path)] ?? null });
    return {
      driver,
      code: (fixture) => ({ sha256: fixture, workspaceId: 'w', path: `/fixtures/${fixture}`, fileCount: 1 }),
      traces: async (id) => (driver.boxes.has(id) ? [`box ${id}`] : []),
    };
  },
  {
    skips: {
      ...Object.fromEntries(
        LanguageCases.map(({ name }) => [name, 'the runtimes’ own doing, and none runs in memory']),
      ),
      pause: 'there is no clock of its own to stop; memory-driver.test.ts shows that a frozen box does not answer',
      'output-of-children': NO_SYSTEM,
      background: NO_SYSTEM,
      'channel-again': NO_SYSTEM,
      'kills-parent': NO_SYSTEM,
      'stdio-closed': NO_SYSTEM,
      'kill-is-fast': 'its code cannot spin without stopping the host; memory-driver.test.ts destroys a hanging call',
      meter: 'figures are scripted; guarded-sandbox.reply.test.ts reads them',
      'code-read-only': NO_FENCE,
      'package-links': NO_SYSTEM,
      'large-package': NO_SYSTEM,
      'own-code-only': NO_FENCE,
      'tmp-writable': NO_SYSTEM,
      'not-root': NO_FENCE,
      'proc-sys': NO_FENCE,
      oom: 'nothing enforces a limit; guarded-sandbox.end.test.ts scripts the kill',
      pids: NO_SYSTEM,
      disk: NO_SYSTEM,
      'network-none': NO_FENCE,
    },
  },
);
