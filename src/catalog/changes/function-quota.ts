import { ColdframeError } from '../../errors/coldframe-error.ts';

/** The memory view holds every function with its environment; at 70 KiB at the very most each this stays under 1 GiB. */
const FUNCTIONS_MAX = 5_000;

/** How many functions a workspace may have, those just being created included. */
export class FunctionQuota {
  readonly #max: number;
  readonly #count: (workspaceId: string) => number;
  readonly #creating = new Map<string, number>();

  constructor(max: number | undefined, count: (workspaceId: string) => number) {
    this.#max = max ?? FUNCTIONS_MAX;
    this.#count = count;
  }

  /** Runs `work`, which creates one function. Throws `quota_exceeded`. */
  async withRoom<T>(workspaceId: string, work: () => Promise<T>): Promise<T> {
    const creating = this.#creating.get(workspaceId) ?? 0;
    if (this.#count(workspaceId) + creating >= this.#max) {
      const publicMessage = `This workspace has ${this.#max} functions, the most it may.`;
      throw new ColdframeError('quota_exceeded', { publicMessage });
    }
    this.#creating.set(workspaceId, creating + 1);
    try {
      return await work();
    } finally {
      this.#creating.set(workspaceId, (this.#creating.get(workspaceId) ?? 1) - 1);
    }
  }
}
