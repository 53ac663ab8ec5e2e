import { createHash } from 'node:crypto';

/** What one start of one instance calls its things on the host; interface names have 15 characters at most. */
export interface EgressNames {
  /** Every interface to a sandbox begins with it; in rules followed by `*` or `+`. */
  prefix: string;
  /** The interface that holds the gateway's address. */
  holder: string;
  /** Also the comment of iptables rules and the beginning of namespaces and interface aliases: who owns a thing. */
  owner: string;
  table: string;
}

export function egressNames(instance: string, epoch: string): EgressNames {
  // Both, so that a start never meets the interfaces of an earlier one under its own rules.
  const prefix = `cf${createHash('sha256').update(`${instance}/${epoch}`).digest('hex').slice(0, 6)}-`;
  return {
    prefix,
    holder: `${prefix}gw`,
    owner: `coldframe-${instance}-${epoch}`,
    table: `coldframe_${instance}_${epoch}`,
  };
}

/** The epoch in the name of something of this instance; null for anything else. */
export function epochOf(instance: string, name: string): string | null {
  const [, epoch] = new RegExp(`^coldframe[-_]${instance}[-_](e[0-9a-z]+)(?:[-_]|$)`).exec(name) ?? [];
  return epoch ?? null;
}
