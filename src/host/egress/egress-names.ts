import { createHash } from 'node:crypto';

/** What one start of one instance calls its things on the host. Interface names have at most 15 characters. */
export interface EgressNames {
  /** Every interface to a sandbox begins with it. In rules, `*` or `+` follows it. */
  prefix: string;
  /** The interface that holds the gateway's address. */
  holder: string;
  /**
   * Says who owns a thing: it is also the comment of iptables rules, and namespaces and interface aliases begin with
   * it.
   */
  owner: string;
  table: string;
}

export function egressNames(instance: string, epoch: string): EgressNames {
  // Instance and epoch are both part of it. So a start never meets an earlier interface under its own rules.
  const prefix = `cf${createHash('sha256').update(`${instance}/${epoch}`).digest('hex').slice(0, 6)}-`;
  return {
    prefix,
    holder: `${prefix}gw`,
    owner: `coldframe-${instance}-${epoch}`,
    table: `coldframe_${instance}_${epoch}`,
  };
}

/** The epoch in the name of something of this instance. Null for anything else. */
export function epochOf(instance: string, name: string): string | null {
  const [, epoch] = new RegExp(`^coldframe[-_]${instance}[-_](e[0-9a-z]+)(?:[-_]|$)`).exec(name) ?? [];
  return epoch ?? null;
}
