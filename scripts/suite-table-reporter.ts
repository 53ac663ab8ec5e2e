import { relative } from 'node:path';
import type { Reporter, TestCase, TestModule, TestSpecification } from 'vitest/node';

interface Suite {
  ran: number;
  failed: number;
  /** Titles of skipped tests by reason. */
  skips: Map<string, string[]>;
}

interface Progress {
  ended: number;
  files: number;
}

interface FileTime {
  path: string;
  tookMs: number;
}

export interface SuiteTableOptions {
  /** Words of COLDFRAME_REQUIRE: a skip whose reason needs one of them is a failure, and so is a skip without a reason. */
  required?: readonly string[];
  /** Tests were chosen by name: those that were not are skipped without a reason. */
  isNarrowed?: boolean;
  /** Tests that take longer are named as they end; by default those of seconds. */
  longMs?: number;
  out?: (text: string) => void;
}

/** What turns a skip into a run; the word is looked for in the reason. */
const ENABLED_BY: [word: RegExp, command: string][] = [
  [/firecracker-api/, 'put the published description there'],
  [/firecracker/i, 'npm run test:firecracker -- --binary PATH'],
  [/net\/tun/, 'modprobe tun; chmod 666 /dev/net/tun'],
  [/qemu|mksquashfs/i, 'apt-get install qemu-system-x86 squashfs-tools mmdebstrap'],
  [/gvisor|runsc/i, 'apt-get install runsc; then the fix that `coldframe doctor` shows'],
  [/docker/i, 'apt-get install docker.io && dockerd &'],
  [/bubblewrap|bwrap/i, 'apt-get install bubblewrap'],
  [/chromium/i, 'apt-get install chromium'],
  [/python/i, 'apt-get install python3'],
  [/mmdebstrap/i, 'apt-get install mmdebstrap'],
  [/cgroup/i, 'run as root, or with a delegated cgroup'],
  [/root|mount|tmpfs/i, 'sudo npm test'],
];
const NO_REASON = 'no reason given';
const CELL_MAX = 72;
const LONG_MS = 3_000;
/** Enough to see where a run's minutes went. */
const SLOWEST_FILES_MAX = 10;

/**
 * Prints each file as it ends with how far its project is, failures as they come, and at the end the slowest files and one
 * table per suite (a suite is a room of the house).
 */
export class SuiteTableReporter implements Reporter {
  readonly #required: readonly string[];
  readonly #isNarrowed: boolean;
  readonly #longMs: number;
  readonly #out: (text: string) => void;
  readonly #suites = new Map<string, Suite>();
  readonly #failures: string[] = [];
  readonly #progress = new Map<string, Progress>();
  readonly #times: FileTime[] = [];
  #passed = 0;
  #failed = 0;
  #skipped = 0;

  constructor(options: SuiteTableOptions = {}) {
    this.#required = (options.required ?? []).filter(Boolean);
    this.#isNarrowed = options.isNarrowed ?? false;
    this.#longMs = options.longMs ?? LONG_MS;
    this.#out = options.out ?? ((text) => process.stdout.write(text));
  }

  onTestRunStart(specifications: readonly TestSpecification[]): void {
    for (const { project } of specifications) this.#progressOf(project.name).files++;
  }

  /** A run of hours shows that it goes on, and what it waits for. */
  onTestCaseResult(test: TestCase): void {
    const tookMs = Math.round(test.diagnostic()?.duration ?? 0);
    if (tookMs >= this.#longMs) this.#out(`  ${test.result().state} ${test.fullName} (${tookMs} ms)\n`);
  }

  onTestCaseAnnotate(test: TestCase, { message }: { message: string }): void {
    this.#out(`  ${test.fullName}: ${message}\n`);
  }

  onTestModuleEnd(module: TestModule): void {
    const name = suiteName(module.moduleId);
    const suite = this.#suites.get(name) ?? { ran: 0, failed: 0, skips: new Map() };
    this.#suites.set(name, suite);
    const failedBefore = suite.failed;
    for (const error of module.errors())
      this.#fail(suite, `${name}: the file could not be run`, error.stack ?? error.message);
    for (const test of module.children.allTests()) this.#count(suite, name, test);
    for (const child of module.children.allSuites()) {
      for (const error of child.errors())
        this.#fail(suite, `${name} > ${child.fullName}`, error.stack ?? error.message);
    }
    const mark = suite.failed > failedBefore ? 'FAIL' : ' ok ';
    const path = relative(process.cwd(), module.moduleId);
    const { duration, setupDuration, collectDuration } = module.diagnostic();
    const tookMs = Math.round(duration + setupDuration + collectDuration);
    this.#times.push({ path, tookMs });
    const progress = this.#progressOf(module.project.name);
    progress.ended++;
    const far = `${module.project.name} ${progress.ended}/${progress.files}`.trim();
    this.#out(`${mark} ${far}: ${path} (${tookMs} ms)\n`);
  }

  #progressOf(project: string): Progress {
    const progress = this.#progress.get(project) ?? { ended: 0, files: 0 };
    this.#progress.set(project, progress);
    return progress;
  }

  #count(suite: Suite, name: string, test: TestCase): void {
    const result = test.result();
    if (result.state === 'skipped') {
      const reason = result.note ?? /\((needs [^)]*)\)/.exec(test.fullName)?.[1] ?? NO_REASON;
      this.#skipped++;
      suite.skips.set(reason, [...(suite.skips.get(reason) ?? []), test.fullName]);
      return;
    }
    suite.ran++;
    if (result.state === 'passed') {
      this.#passed++;
      return;
    }
    const errors = (result.errors ?? []).map(
      (error) => `${error.stack ?? error.message}${error.diff ? `\n${error.diff}` : ''}`,
    );
    this.#fail(suite, `${name} > ${test.fullName}`, errors.join('\n'));
  }

  #fail(suite: Suite, title: string, detail: string): void {
    this.#failed++;
    suite.failed++;
    this.#failures.push(`FAILED ${title}\n${detail}\n`);
    this.#out(`FAILED ${title}\n${detail}\n`);
  }

  onTestRunEnd(_modules: readonly TestModule[], unhandled: readonly { message: string; stack?: string }[]): void {
    for (const error of unhandled) {
      this.#failed++;
      this.#failures.push(`UNHANDLED ${error.stack ?? error.message}\n`);
    }
  }

  /** The table, the slowest files, the failures again, and the closing line. True when all is well. */
  print(): boolean {
    const suites = [...this.#suites].sort(([one], [other]) => (one < other ? -1 : 1));
    if (this.#required.length > 0) for (const [name, suite] of suites) this.#judgeSkips(name, suite);
    this.#out(`\n${table([HEAD, ...suites.flatMap(([name, suite]) => rowsOf(name, suite))])}\n`);
    this.#printSlowest();
    for (const failure of this.#failures) this.#out(`\n${failure}`);
    this.#out(`\n${this.#passed} passed, ${this.#failed} failed, ${this.#skipped} skipped\n`);
    return this.#failed === 0 && this.#passed > 0;
  }

  #printSlowest(): void {
    const slowest = [...this.#times].sort((one, other) => other.tookMs - one.tookMs).slice(0, SLOWEST_FILES_MAX);
    if (slowest.length === 0) return;
    this.#out('\nslowest files\n');
    for (const { path, tookMs } of slowest) this.#out(`${(tookMs / 1_000).toFixed(1).padStart(7)} s  ${path}\n`);
  }

  #judgeSkips(name: string, suite: Suite): void {
    for (const [reason, titles] of suite.skips) {
      if (this.#isNarrowed && reason === NO_REASON) continue;
      for (const title of titles) this.#out(`skipped: ${name} > ${title}: ${reason}\n`);
      const missing = this.#required.find((word) => new RegExp(`\\bneeds\\b.*\\b${word}\\b`, 'i').test(reason));
      if (missing === undefined && reason !== NO_REASON) continue;
      const why = missing ? `COLDFRAME_REQUIRE names ${missing}` : 'a skip has to say "(needs ...)"';
      this.#fail(suite, `${name}: ${titles.length} skipped, ${reason}`, why);
    }
  }
}

const HEAD = ['suite', 'ran', 'failed', 'skipped', 'why', 'enabled by'];

function rowsOf(name: string, suite: Suite): string[][] {
  const reasons = [...suite.skips].map(([reason, titles]) => [String(titles.length), reason, enabledBy(reason)]);
  const [first = ['0', '', ''], ...others] = reasons;
  return [[name, String(suite.ran), String(suite.failed), ...first], ...others.map((cells) => ['', '', '', ...cells])];
}

function suiteName(moduleId: string): string {
  const parts = relative(process.cwd(), moduleId).split('/');
  return parts.slice(0, Math.min(parts.length - 1, parts[1] === 'sandbox' ? 4 : 2)).join('/');
}

/** Only what is missing can be installed: a case that does not fit a driver has no command. */
function enabledBy(reason: string): string {
  if (!/needs|absent|not_running|no_permission|restricted|not installed|unavailable/i.test(reason)) return '';
  return ENABLED_BY.find(([word]) => word.test(reason))?.[1] ?? '';
}

function table(rows: string[][]): string {
  const cut = rows.map((row) => row.map((cell) => (cell.length > CELL_MAX ? `${cell.slice(0, CELL_MAX - 1)}…` : cell)));
  const widths = HEAD.map((_, column) => Math.max(...cut.map((row) => row[column]?.length ?? 0)));
  return cut
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
