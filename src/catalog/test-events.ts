import { LIMITS, NAME_PATTERN } from '../domain/limits.ts';
import type { WorkspaceId } from '../domain/workspace-id.ts';
import { ColdframeError } from '../errors/coldframe-error.ts';
import type { ControlStore, TestEventRow } from '../store/contract/control-store.ts';
import type { FunctionView } from './function-view.ts';

/** For one function; they are small things a person keeps by hand. */
const TEST_EVENTS_MAX = 100;
const NAME = new RegExp(NAME_PATTERN);

export interface TestEventView {
  name: string;
  /** JSON text exactly as it was sent. */
  event: string;
  updatedAt: string;
}

export interface TestEventsOptions {
  functions: { get(workspaceId: WorkspaceId, name: string): FunctionView };
  store: Pick<ControlStore, 'in'>;
  now?: () => Date;
}

/** Saved events of functions. All throw `function_not_found`; they go with their function. */
export class TestEvents {
  readonly #options: TestEventsOptions;

  constructor(options: TestEventsOptions) {
    this.#options = options;
  }

  async list(workspaceId: WorkspaceId, functionName: string): Promise<TestEventView[]> {
    const rows = await this.#options.store.in(workspaceId).testEvents.list(this.#functionId(workspaceId, functionName));
    return rows.map(toView);
  }

  /** Throws `test_event_not_found`. */
  async get(workspaceId: WorkspaceId, functionName: string, name: string): Promise<TestEventView> {
    const row = await this.#options.store
      .in(workspaceId)
      .testEvents.get(this.#functionId(workspaceId, functionName), name);
    if (!row) throw new ColdframeError('test_event_not_found');
    return toView(row);
  }

  /** Replaces one of the same name. Throws `invalid_request`, `invalid_json`, `payload_too_large`, `quota_exceeded`. */
  async put(
    workspaceId: WorkspaceId,
    functionName: string,
    name: string,
    event: string,
  ): Promise<{ created: boolean }> {
    const functionId = this.#functionId(workspaceId, functionName);
    if (!NAME.test(name)) {
      throw new ColdframeError('invalid_request', {
        errors: [{ path: '/name', message: `must match ${NAME_PATTERN}` }],
      });
    }
    if (Buffer.byteLength(event) > LIMITS.payloadMaxBytes) throw new ColdframeError('payload_too_large');
    checkJson(event);
    const there = await this.#options.store.in(workspaceId).testEvents.list(functionId);
    if (there.length >= TEST_EVENTS_MAX && !there.some((row) => row.name === name))
      throw new ColdframeError('quota_exceeded');
    const updatedAt = (this.#options.now?.() ?? new Date()).toISOString();
    return await this.#options.store.in(workspaceId).testEvents.put({ functionId, name, event, updatedAt });
  }

  /** Throws `test_event_not_found`. */
  async remove(workspaceId: WorkspaceId, functionName: string, name: string): Promise<void> {
    const wasThere = await this.#options.store
      .in(workspaceId)
      .testEvents.remove(this.#functionId(workspaceId, functionName), name);
    if (!wasThere) throw new ColdframeError('test_event_not_found');
  }

  #functionId(workspaceId: WorkspaceId, functionName: string): string {
    return this.#options.functions.get(workspaceId, functionName).id;
  }
}

function toView({ name, event, updatedAt }: TestEventRow): TestEventView {
  return { name, event, updatedAt };
}

function checkJson(event: string): void {
  try {
    JSON.parse(event);
  } catch (error) {
    throw new ColdframeError('invalid_json', { cause: error });
  }
}
