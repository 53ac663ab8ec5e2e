import { LIMITS } from '../../../src/domain/limits.ts';
import type { Isolation } from '../../../src/domain/names.ts';
import { fixtureFiles } from '../../support/fixture.ts';
import { hostTraces } from '../../support/host-traces.ts';
import { SLOWNESS } from '../../support/pace.ts';
import { readUntil } from '../../support/read-until.ts';
import type { TestServer } from '../../support/test-server.ts';

/** Patient with starts: a guest under software emulation on a busy host takes its time. */
export const ESCAPE_LIMITS = {
  ...{ memoryMib: 256, diskMib: 16 },
  ...{ timeoutMs: patience(60_000), queueTimeoutMs: 60_000, initTimeoutMs: 60_000 },
};
export const GONE_WITHIN_MS = 10_000 * SLOWNESS;
/** The first of its kind boots a guest, which may outlast the longest queue where that is emulated twice over. */
const STARTS_MAX = 10;

/** The functions of one isolation's turn, deployed under names of its own and removed together. */
export class EscapeFunctions {
  readonly #server: TestServer;
  readonly #isolation: Isolation;
  readonly #deployed: string[] = [];

  constructor(server: TestServer, isolation: Isolation) {
    this.#server = server;
    this.#isolation = isolation;
  }

  /** The hostile function under another name, with code of its own by the marker. */
  async deploy(name: string, settings: Record<string, unknown> = {}, marker = name): Promise<void> {
    const files = fixtureFiles('escapes');
    const code = { files: { ...files, 'index.py': `# ${marker} ${this.#isolation}\n${files['index.py']}` } };
    await this.#create(name, code, settings);
  }

  async deploySource(name: string, source: string): Promise<string> {
    await this.#create(name, { source }, {});
    return this.named(name);
  }

  async #create(name: string, code: object, settings: Record<string, unknown>): Promise<void> {
    const isolation = this.#isolation;
    const full = this.named(name);
    this.#deployed.push(full);
    const body = { name: full, runtime: 'python', code, ...ESCAPE_LIMITS, ...settings, isolation };
    const reply = await this.#server.api('POST', '/functions', body);
    if (reply.status !== 201) throw new Error(`deploy of ${full}: ${reply.status} ${reply.text}`);
  }

  /** Deletes the function and waits until its sandbox has left the host, links and all. */
  async remove(name: string, instance: string, sandboxId: string): Promise<void> {
    await this.#server.api('DELETE', `/functions/${this.named(name)}`);
    const left = await readUntil(
      () => hostTraces(instance, sandboxId),
      (traces) => Object.values(traces).every((one) => one.length === 0),
      GONE_WITHIN_MS,
    );
    const traces = Object.values(left).flat();
    if (traces.length > 0) throw new Error(`left behind by ${name}: ${traces.join(', ')}`);
  }

  async call(name: string, event: unknown) {
    const reply = await this.invoke(name, event);
    if (reply.status !== 200) throw new Error(`${this.named(name)}: ${reply.status} ${reply.text}`);
    return reply;
  }

  async invoke(name: string, event: unknown) {
    for (let start = 1; ; start++) {
      const reply = await this.#server.invoke<{ code?: string }>(this.named(name), event);
      if (reply.status !== 429 || start === STARTS_MAX) return reply;
    }
  }

  recordOf(reply: { headers: Headers }) {
    return this.#server.record(reply.headers.get('coldframe-invocation-id') ?? '');
  }

  async sandboxOf(reply: { headers: Headers }): Promise<string> {
    return String((await this.recordOf(reply)).attempts[0]?.sandboxId);
  }

  named(name: string): string {
    return `escape-${name}-${this.#isolation}`;
  }

  async removeAll(): Promise<void> {
    for (const name of this.#deployed) await this.#server.api('DELETE', `/functions/${name}`);
  }
}

/** A function's timeout at the pace of its sandboxes, within what one may ask for. */
export function patience(timeoutMs: number): number {
  return Math.min(timeoutMs * SLOWNESS, LIMITS.timeoutMs.max);
}
