import type { Isolation, IsolationChoice, Language, Network, RuntimeId } from '../domain/names.ts';

/** Answers at deploy, from cached probes, what a choice comes to on this host. Wired to the sandbox drivers by main.ts. */
export interface IsolationResolver {
  /**
   * `auto` is the strongest usable (or being prepared) in the operator's order that offers the runtime, and fences the network
   * where one does. Throws
   * `unknown_isolation`, `isolation_not_usable`, `isolation_unfenced` or `runtime_unavailable`.
   */
  resolve(choice: IsolationChoice, runtime: RuntimeId, network: Network): Promise<ResolvedIsolation>;
  /** The newest runtime of a language that some isolation here offers; null when none does. */
  newestRuntime(language: Language): Promise<RuntimeId | null>;
}

export interface ResolvedIsolation {
  isolation: Isolation;
  /** It is still being made ready: the function is stored with state `preparing`. */
  preparing: boolean;
  /** Smallest memoryMib it can run this runtime in. */
  memoryMinMib: number;
  /** Network policies it can truly enforce. */
  networks: readonly Network[];
  /** Why egress is not among them, where it was tried; absent or null: nothing is known. */
  whyNoEgress?: string | null;
}
