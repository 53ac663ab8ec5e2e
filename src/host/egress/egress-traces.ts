import { readdir, readFile } from 'node:fs/promises';
import { isOlder } from '../epoch.ts';
import { runTool } from '../run-tool.ts';
import { type EgressNames, egressNames, epochOf } from './egress-names.ts';

const NETWORK_DEVICES = '/sys/class/net';
const NAMESPACES = '/run/netns';

/**
 * Removes what earlier starts of the instance left. Rules go last, so that no link is ever without them. Safe to
 * repeat.
 */
export async function removeOlderEgress(
  { instance, epoch }: { instance: string; epoch: string },
  signal: AbortSignal,
): Promise<void> {
  const names = [...(await deviceAliases()).values(), ...(await namesIn(NAMESPACES)), ...(await tables(signal))];
  const epochs = new Set(names.flatMap((name) => epochOf(instance, name) ?? []));
  for (const older of epochs) if (isOlder(older, epoch)) await removeOwnEgress(egressNames(instance, older), signal);
}

/** Removes everything of one start, as far as it can. The next start finds what stays. */
export async function removeOwnEgress({ owner, table }: EgressNames, signal: AbortSignal): Promise<void> {
  for (const namespace of await namesIn(NAMESPACES)) {
    if (namespace.startsWith(`${owner}-`)) await runTool('ip', ['netns', 'delete', namespace], signal);
  }
  for (const [device, alias] of await deviceAliases()) {
    if (alias.startsWith(`${owner}-`)) await runTool('ip', ['link', 'delete', 'dev', device], signal);
  }
  await runTool('/bin/sh', ['-c', REMOVE_ACCEPTS, 'coldframe', owner], signal);
  await runTool('nft', ['delete', 'table', 'inet', table], signal);
}

/** iptables deletes a rule by the rule's own words. A rule of ours may be there several times. */
const REMOVE_ACCEPTS = `command -v iptables >/dev/null || exit 0
for chain in INPUT FORWARD; do
  iptables -w 5 -S "$chain" | grep -F -- "--comment \\"$1\\"" | sed 's/^-A/-D/; s/"//g' | while read -r rule; do iptables -w 5 $rule; done
  iptables -w 5 -S "$chain" | grep -F -- "--comment $1 " | sed 's/^-A/-D/' | while read -r rule; do iptables -w 5 $rule; done
done`;

async function deviceAliases(): Promise<Map<string, string>> {
  const aliases = new Map<string, string>();
  for (const device of await namesIn(NETWORK_DEVICES)) {
    const alias = await readFile(`${NETWORK_DEVICES}/${device}/ifalias`, 'utf8').catch(() => '');
    if (alias.startsWith('coldframe-')) aliases.set(device, alias.trim());
  }
  return aliases;
}

async function tables(signal: AbortSignal): Promise<string[]> {
  const { stdout } = await runTool('nft', ['list', 'tables', 'inet'], signal);
  return stdout.split('\n').flatMap((line) => line.split(' ')[2] ?? []);
}

async function namesIn(directory: string): Promise<string[]> {
  return await readdir(directory).catch(() => []);
}
