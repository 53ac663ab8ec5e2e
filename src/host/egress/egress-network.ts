import { createHash, randomInt } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SandboxError } from '../../contract/sandbox-error.ts';
import { type EgressAllow, type Ipv4Block, ipv4Text } from '../../domain/egress-allow.ts';
import type { Log } from '../../domain/log.ts';
import { runTool } from '../run-tool.ts';
import { AddressPool } from './address-pool.ts';
import { chooseSubnet } from './choose-subnet.ts';
import { type EgressLink, type EgressPlace, namespacePathOf, SandboxLink, SpareTap } from './egress-link.ts';
import { type EgressNames, egressNames } from './egress-names.ts';
import { EgressRefusal } from './egress-refusal.ts';
import { egressRules, trackedMaxOf } from './egress-rules.ts';
import { removeOlderEgress, removeOwnEgress } from './egress-traces.ts';
import { connectionTableSize, hostGateways, takenBlocks, whyNoEgress, whyNoTap } from './host-network.ts';
import { LINK_NAMESPACE, LINK_TAP, MAKE_NAMESPACE, MAKE_TAP } from './link-script.ts';
import { DnsForwarder } from './resolver/dns-forwarder.ts';

const SETUP_DEADLINE_MS = 10_000;
const LINK_DEADLINE_MS = 10_000;
/** Each within SETUP_DEADLINE_MS. */
const ATTEMPTS_MAX = 3;

export interface EgressNetworkOptions {
  instance: string;
  epoch: string;
  /** A directory of this instance. It holds the `resolv.conf` that sandboxes see. */
  runDir: string;
  allow: readonly EgressAllow[];
  log: Log;
  /** Connections of one sandbox that the host remembers at once; only tests give another. */
  trackedMax?: number;
}

/**
 * Which end a sandbox takes: the namespace it lives in; a namespace made for it, in which it is started; or a namespace
 * made for a guest's monitor, which is started in it as `uid` and finds a tap for the guest's card there.
 */
export type EgressEnd = { kind: 'namespace'; path: string } | { kind: 'new-namespace' } | { kind: 'tap'; uid: number };

/**
 * The way out for sandboxes with network `egress`: one link, one address each, nothing between them, and one nft table that
 * refuses whatever is not the public internet or allowed by the operator. Sandboxes share no segment: each link is routed by
 * itself, so there is nothing to spoof on, and a packet with another's source is dropped before anything looks at it. Made when
 * first asked for; everything carries instance and epoch in its name, so two instances never touch each other's.
 */
export class EgressNetwork {
  readonly names: EgressNames;
  readonly #options: EgressNetworkOptions;
  #prepared: Promise<Ready> | null = null;
  #resolver: DnsForwarder | null = null;
  #closed = false;

  constructor(options: EgressNetworkOptions) {
    this.#options = options;
    this.names = egressNames(options.instance, options.epoch);
  }

  /** Null when sandboxes can be linked here, else the reason and what mends it. Never rejects. */
  async inspect(signal: AbortSignal): Promise<{ detail: string; fix: string | null } | null> {
    const lacking = await whyNoEgress(signal);
    if (lacking !== null) return lacking;
    try {
      await this.prepare();
      return null;
    } catch (error) {
      this.#options.log.warn({ err: error }, 'the egress network could not be made');
      return { detail: 'The network for egress could not be made; the server log says why.', fix: null };
    }
  }

  /**
   * Makes rules, gateway and resolver. Safe to repeat. All sandboxes share them, so nobody may abort it. Rejects with
   * what failed.
   */
  prepare(): Promise<Ready> {
    if (this.#closed) return Promise.reject(new Error('the egress network is closed'));
    this.#prepared ??= this.#prepareSomewhere().catch((error) => {
      this.#prepared = null;
      throw error;
    });
    return this.#prepared;
  }

  /** The file to be mounted at /etc/resolv.conf of every sandbox with egress. */
  get resolvConf(): string {
    return join(this.#options.runDir, this.#options.epoch, 'resolv.conf');
  }

  /**
   * Links one sandbox. Rejects with SandboxError `sandbox_start_failed`, or `network_unenforceable` where links cannot
   * be made here; nothing is left then. After a success `detach` must follow, even when the sandbox and its end are
   * already gone.
   */
  async attach(sandboxId: string, end: EgressEnd, signal: AbortSignal): Promise<EgressLink> {
    const { addresses } = await this.#ready(end);
    const taken = addresses.acquire();
    if (taken === null) throw new SandboxError('sandbox_start_failed', 'no address is left for egress');
    const device = `${this.names.prefix}${taken.index.toString(36)}`;
    const alias = `${this.names.owner}-${sandboxId}`;
    const made = end.kind === 'namespace' ? null : alias;
    const namespacePath = end.kind === 'namespace' ? end.path : namespacePathOf(alias);
    const link = new SandboxLink({
      ...{ device, address: taken.address, gateway: addresses.gateway, table: this.names.table, namespacePath, made },
      onGone: () => addresses.release(taken.index),
    });
    try {
      const deadline = AbortSignal.any([signal, AbortSignal.timeout(LINK_DEADLINE_MS)]);
      if (end.kind === 'tap') await run(MAKE_TAP, [alias, String(end.uid)], deadline);
      else if (end.kind === 'new-namespace') await run(MAKE_NAMESPACE, [alias], deadline);
      const args = [device, alias, taken.address, addresses.gateway, this.names.table, namespacePath];
      await run(end.kind === 'tap' ? LINK_TAP : LINK_NAMESPACE, args, deadline);
      return link;
    } catch (cause) {
      await link.detach(AbortSignal.timeout(LINK_DEADLINE_MS));
      throw new SandboxError('sandbox_start_failed', 'the sandbox could not be linked', { cause });
    }
  }

  /**
   * Makes a guest's end that is linked to nothing, for a machine that needs the card and no network. Rejects like
   * `attach`.
   */
  async spareTap(sandboxId: string, uid: number, signal: AbortSignal): Promise<EgressPlace> {
    await this.#ready({ kind: 'tap', uid });
    const namespace = `${this.names.owner}-${sandboxId}`;
    const tap = new SpareTap(namespace);
    try {
      const deadline = AbortSignal.any([signal, AbortSignal.timeout(LINK_DEADLINE_MS)]);
      await run(MAKE_TAP, [namespace, String(uid)], deadline);
      return tap;
    } catch (cause) {
      await tap.detach(AbortSignal.timeout(LINK_DEADLINE_MS));
      throw new SandboxError('sandbox_start_failed', 'no tap could be made', { cause });
    }
  }

  /** Removes what earlier starts of this instance left. Never touches another instance's. */
  async reapOlder(signal: AbortSignal): Promise<void> {
    await removeOlderEgress(this.#options, signal);
  }

  /** For a graceful stop, called after the last sandbox has gone. Safe to repeat; never rejects. */
  async close(): Promise<void> {
    this.#closed = true;
    const prepared = this.#prepared;
    this.#prepared = null;
    if (prepared === null) return;
    await prepared.catch(() => undefined);
    await this.#undo();
  }

  async #ready(end: EgressEnd): Promise<Ready> {
    const lacking = end.kind === 'tap' ? whyNoTap(end.uid) : null;
    if (lacking !== null) throw new EgressRefusal(lacking);
    return await this.prepare().catch((cause) => {
      throw new SandboxError('network_unenforceable', 'the egress network cannot be made', { cause });
    });
  }

  /**
   * Another server may take the same addresses, or change the kernel's rules, at the same moment. Then another subnet
   * is tried.
   */
  async #prepareSomewhere(): Promise<Ready> {
    let seed = createHash('sha256').update(this.#options.instance).digest().readUInt16BE();
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#prepare(seed);
      } catch (error) {
        await this.#undo();
        if (attempt >= ATTEMPTS_MAX || this.#closed) throw error;
        this.#options.log.info({ err: error }, 'the egress network is tried again with other addresses');
        seed = randomInt(2 ** 16);
      }
    }
  }

  async #prepare(seed: number): Promise<Ready> {
    const { log, allow } = this.#options;
    const signal = AbortSignal.timeout(SETUP_DEADLINE_MS);
    const block = chooseSubnet(seed, await takenBlocks(signal));
    if (block === null) throw new Error('no private block of addresses is free');
    const addresses = new AddressPool(block);
    const { gateway } = addresses;
    const subnet = `${ipv4Text(block.first)}/${block.bits}`;
    const routers = await hostGateways(signal);
    const trackedMax = this.#options.trackedMax ?? trackedMaxOf(connectionTableSize());
    const rules = egressRules({ names: this.names, subnet, gateway, routers, allow, trackedMax });
    await run('nft -f - <<EOF\n$1\nEOF', [rules], signal);
    await run(
      MAKE_GATEWAY,
      [this.names.holder, this.names.owner, `${gateway}/${block.bits}`, this.names.prefix],
      signal,
    );
    this.#resolver = new DnsForwarder({ address: gateway, allow, log });
    await this.#resolver.listen();
    await mkdir(join(this.#options.runDir, this.#options.epoch), { recursive: true, mode: 0o711 });
    await writeFile(this.resolvConf, resolvConfText(gateway), { mode: 0o644 });
    return { addresses, block };
  }

  async #undo(): Promise<void> {
    await this.#resolver?.close();
    this.#resolver = null;
    await removeOwnEgress(this.names, AbortSignal.timeout(SETUP_DEADLINE_MS));
  }
}

/** What sandboxes find at /etc/resolv.conf. */
export function resolvConfText(dns: string): string {
  return `nameserver ${dns}\noptions timeout:3 attempts:2\n`;
}

interface Ready {
  addresses: AddressPool;
  block: Ipv4Block;
}

/**
 * A bridge without ports holds the address. Where other rules end in a drop (Docker's policy for forwarded packets),
 * our packets are let through. Our own table comes before those rules and has already refused what must not pass.
 */
const MAKE_GATEWAY = `set -e
holder=$1 owner=$2 address=$3 prefix=$4
ip link add "$holder" type bridge
ip link set dev "$holder" alias "$owner-gateway"
ip address add "$address" dev "$holder"
ip link set dev "$holder" up
command -v iptables >/dev/null || exit 0
iptables -w 5 -I FORWARD -i "$prefix+" -m comment --comment "$owner" -j ACCEPT
iptables -w 5 -I FORWARD -o "$prefix+" -m comment --comment "$owner" -j ACCEPT
iptables -w 5 -I INPUT -i "$prefix+" -m comment --comment "$owner" -j ACCEPT`;

async function run(script: string, args: string[], signal: AbortSignal): Promise<void> {
  const { exitCode, stderr } = await runTool('/bin/sh', ['-c', script, 'coldframe', ...args], signal);
  if (exitCode !== 0) throw new Error(stderr.trim() || 'stopped');
}
