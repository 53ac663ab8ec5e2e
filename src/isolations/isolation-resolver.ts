import type { Isolation, IsolationChoice, Language, Network, RuntimeId } from '../domain/names.ts';

/**
 * Answers a deploy, from cached probes, which isolation its choice leads to on this host. main.ts wires it to the
 * sandbox drivers.
 */
export interface IsolationResolver {
  /**
   * `auto` is the strongest isolation in the operator's order that is usable (or being prepared) and offers the
   * runtime. It prefers one that fences the network. Throws `unknown_isolation`, `isolation_not_usable`,
   * `isolation_unfenced` or `runtime_unavailable`.
   */
  resolve(choice: IsolationChoice, runtime: RuntimeId, network: Network): Promise<ResolvedIsolation>;
  /** The newest runtime of a language that some isolation here offers. Null when no isolation does. */
  newestRuntime(language: Language): Promise<RuntimeId | null>;
}

export interface ResolvedIsolation {
  isolation: Isolation;
  /** True while it is still being made ready: the function is stored with state `preparing`. */
  preparing: boolean;
  /** Smallest memoryMib it can run this runtime in. */
  memoryMinMib: number;
  /** Network policies it can truly enforce. */
  networks: readonly Network[];
  /** Why egress is not among them, when it was tried. Absent or null when nothing is known. */
  whyNoEgress?: string | null;
}
