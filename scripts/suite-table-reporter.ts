import { relative } from 'node:path';
import type { Reporter, TestCase, TestModule } from 'vitest/node';

interface Suite {
  ran: number;
  failed: number;
  skips: Map<string, number>;
}

/** What turns a skip into a run; the key is looked for in the reason. */
const ENABLED_BY: [word: RegExp, command: string][] = [
  [/docker/i, 'apt-get install docker.io && dockerd &'],
  [/bubblewrap|bwrap/i, 'apt-get install bubblewrap'],
  [/chromium/i, 'apt-get install chromium'],
  [/python/i, 'apt-get install python3'],
  [/mmdebstrap/i, 'apt-get install mmdebstrap'],
  [/gvisor|runsc/i, 'apt-get install runsc'],
  [/root|mount|tmpfs/i, 'sudo npm test'],
  [/cgroup/i, 'run as root, or with a delegated cgroup'],
];

/** Prints failures as they come, and at the end one table per suite (a suite is a room of the house). */
export class SuiteTableReporter implements Reporter {
  readonly #required: string[];
  readonly #suites = new Map<string, Suite>();
  readonly #failures: string[] = [];
  #passed = 0;
  #failed = 0;
  #skipped = 0;

  constructor(required: string[]) {
    this.#required = required.filter(Boolean);
  }

  onTestModuleEnd(module: TestModule): void {
    const name = suiteName(module.moduleId);
    const suite = this.#suites.get(name) ?? { ran: 0, failed: 0, skips: new Map() };
    this.#suites.set(name, suite);
    for (const error of module.errors())
      this.#fail(suite, `${name}: the file could not be run`, error.stack ?? error.message);
    for (const test of module.children.allTests()) this.#count(suite, name, test);
    for (const child of module.children.allSuites()) {
      for (const error of child.errors())
        this.#fail(suite, `${name} > ${child.fullName}`, error.stack ?? error.message);
    }
    process.stdout.write(
      `${suite.failed > 0 ? 'FAIL' : ' ok '} ${relative(process.cwd(), module.moduleId)} (${Math.round(module.diagnostic().duration)} ms)\n`,
    );
  }

  #count(suite: Suite, name: string, test: TestCase): void {
    const result = test.result();
    if (result.state === 'skipped') {
      const reason = result.note ?? /skipped: (.*)$/.exec(test.fullName)?.[1] ?? 'no reason given';
      this.#skipped++;
      suite.skips.set(reason, (suite.skips.get(reason) ?? 0) + 1);
      return;
    }
    suite.ran++;
    if (result.state === 'passed') this.#passed++;
    else
      this.#fail(
        suite,
        `${name} > ${test.fullName}`,
        (result.errors ?? [])
          .map((error) => `${error.stack ?? error.message}${error.diff ? `\n${error.diff}` : ''}`)
          .join('\n'),
      );
  }

  #fail(suite: Suite, title: string, detail: string): void {
    this.#failed++;
    suite.failed++;
    this.#failures.push(`FAILED ${title}\n${detail}\n`);
    process.stdout.write(`FAILED ${title}\n${detail}\n`);
  }

  onTestRunEnd(_modules: readonly TestModule[], unhandled: readonly { message: string; stack?: string }[]): void {
    for (const error of unhandled) {
      this.#failed++;
      this.#failures.push(`UNHANDLED ${error.stack ?? error.message}\n`);
    }
  }

  /** The table, the failures again, and the closing line. True when all is well. */
  print(out: NodeJS.WritableStream): boolean {
    const rows: string[][] = [['suite', 'ran', 'failed', 'skipped', 'why', 'enabled by']];
    for (const [name, suite] of [...this.#suites].sort()) {
      const skips = [...suite.skips];
      rows.push([
        name,
        String(suite.ran),
        String(suite.failed),
        String(sum(skips)),
        skips[0]?.[0] ?? '',
        enabledBy(skips[0]?.[0]),
      ]);
      for (const [reason] of skips.slice(1)) rows.push(['', '', '', '', reason, enabledBy(reason)]);
      for (const [reason, count] of skips) {
        const missing = this.#required.find((word) => reason.toLowerCase().includes(word.toLowerCase()));
        if (missing && /needs|absent|not usable|unavailable/i.test(reason)) {
          this.#failed++;
          this.#failures.push(
            `FAILED ${name}: ${count} tests skipped (${reason}) although COLDFRAME_REQUIRE names ${missing}\n`,
          );
        }
      }
    }
    out.write(`\n${table(rows)}\n`);
    for (const failure of this.#failures) out.write(`\n${failure}`);
    out.write(`\n${this.#passed} passed, ${this.#failed} failed, ${this.#skipped} skipped\n`);
    return this.#failed === 0 && this.#passed > 0;
  }
}

function suiteName(moduleId: string): string {
  const parts = relative(process.cwd(), moduleId).split('/');
  return parts.slice(0, Math.min(parts.length - 1, parts[1] === 'sandbox' ? 4 : 2)).join('/');
}

function sum(skips: [string, number][]): number {
  return skips.reduce((total, [, count]) => total + count, 0);
}

function enabledBy(reason: string | undefined): string {
  return ENABLED_BY.find(([word]) => reason && word.test(reason))?.[1] ?? '';
}

function table(rows: string[][]): string {
  const widths = rows[0]!.map((_, column) => Math.min(70, Math.max(...rows.map((row) => row[column]!.length))));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
