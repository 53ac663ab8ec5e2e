import { inRange, type VersionRange } from './version-range.ts';

/** Looked through on this day; a newer advisory is not in it. Nothing is looked up while the server runs. */
export const ADVISORIES_DATE = '2026-11-29';

export type Component = 'firecracker' | 'docker' | 'runc';

/** What an attack needs, beyond the version. */
export type Condition =
  | 'virtio-pci'
  | 'jailer'
  | 'memory-discard'
  | 'authorization-plugin'
  | 'engine-plugin'
  | 'foreign-image'
  | 'checkpoint';

interface Advisory {
  id: string;
  component: Component;
  affected: readonly VersionRange[];
  needs: Condition;
  summary: string;
}

/**
 * Each row names what it was read from. runsc has no row: gVisor publishes none that names versions (gvisor.dev/security has a disclosure
 * address, its release notes no identifiers). Kernels and distributions mend old versions and are never held against a host.
 */
const ADVISORIES: readonly Advisory[] = [
  {
    // AWS security bulletin 2026-015: "Firecracker >= 1.13.0 AND <= 1.14.3 AND 1.15.0"; "opt-in via the --enable-pci command-line flag".
    id: 'CVE-2026-5747',
    component: 'firecracker',
    affected: [
      { from: '1.13.0', to: '1.14.3' },
      { from: '1.15.0', to: '1.15.0' },
    ],
    needs: 'virtio-pci',
    summary: 'a guest can write beyond a queue of its virtio PCI transport',
  },
  {
    // The CVE record: "in the jailer component in Firecracker version v1.13.1 and earlier and 1.14.0 [...] a local host user with write
    // access to the pre-created jailer directories"; unaffected from 1.13.2 and 1.14.1.
    id: 'CVE-2026-1386',
    component: 'firecracker',
    affected: [
      { from: null, to: '1.13.1' },
      { from: '1.14.0', to: '1.14.0' },
    ],
    needs: 'jailer',
    summary: 'its jailer follows links of whoever may write where it will make a jail',
  },
  {
    // The CVE record: "Guest access to Firecracker process memory after a failed memory discard", affected 0.23.0, lessThan 1.16.2. Memory
    // is discarded for a balloon and for memory that is unplugged (firecracker issue 6167 and pull request 5792).
    id: 'CVE-2026-122192',
    component: 'firecracker',
    affected: [{ from: '0.23.0', to: '1.16.1' }],
    needs: 'memory-discard',
    summary: 'a guest whose memory could not be discarded can reach that of its monitor',
  },
  {
    // The CVE record: "In runc 1.1.11 and earlier [...] runc 1.1.12 includes patches"; by runc exec, or "by a malicious image".
    id: 'CVE-2024-21626',
    component: 'runc',
    affected: [{ from: null, to: '1.1.11' }],
    needs: 'foreign-image',
    summary: 'an image, or whoever chooses a working directory, can reach the host',
  },
  {
    // Release notes of runc 1.2.8: "This issue affected all known runc versions"; fixed with CVE-2025-52565 and CVE-2025-52881 in 1.2.8,
    // 1.3.3 and 1.4.0-rc.3. An attacker replaces /dev/null or /dev/pts while the container is made.
    id: 'CVE-2025-31133',
    component: 'runc',
    affected: [
      { from: null, to: '1.2.7' },
      { from: '1.3.0-rc.1', to: '1.3.2' },
      { from: '1.4.0-rc.1', to: '1.4.0-rc.2' },
    ],
    needs: 'foreign-image',
    summary:
      'with CVE-2025-52565 and CVE-2025-52881: what changes a container’s /dev while it is made can reach the host',
  },
  {
    // Release notes of runc 1.3.6, 1.4.3 and 1.5.0-rc.3: "allowed a malicious image with a /dev symlink to have limited write access to the
    // host filesystem".
    id: 'CVE-2026-41579',
    component: 'runc',
    affected: [
      { from: null, to: '1.3.5' },
      { from: '1.4.0-rc.1', to: '1.4.2' },
      { from: '1.5.0-rc.1', to: '1.5.0-rc.2' },
    ],
    needs: 'foreign-image',
    summary: 'an image whose /dev is a link can write a little to the host',
  },
  {
    // Release notes of runc 1.3.7, 1.4.4, 1.5.3 and 1.6.0-rc.2: "Only users who both checkpoint and later restore containers running
    // untrusted images are affected".
    id: 'CVE-2026-119101',
    component: 'runc',
    affected: [
      { from: null, to: '1.3.6' },
      { from: '1.4.0-rc.1', to: '1.4.3' },
      { from: '1.5.0-rc.1', to: '1.5.2' },
      { from: '1.6.0-rc.1', to: '1.6.0-rc.1' },
    ],
    needs: 'checkpoint',
    summary: 'an image that is restored from a checkpoint can have a folder of the host bound into it',
  },
  {
    // Release notes of runc 1.6.0: "a malicious image with a huge /etc/passwd could make runc init consume excessive memory and CPU".
    id: 'CVE-2026-135844',
    component: 'runc',
    affected: [{ from: null, to: '1.6.0-rc.2' }],
    needs: 'foreign-image',
    summary: 'an image with a huge /etc/passwd takes memory and CPU of the host when it starts',
  },
  {
    // Go vulnerability database, GO-2024-3005: introduced 19.0.0, 20.0.0, 23.0.0, 24.0.0, 25.0.0, 26.0.0, 26.1.0 and 27.0.0; fixed 19.03.16,
    // 20.10.28, 23.0.15, 24.0.10, 25.0.6, 26.0.3, 26.1.5 and 27.1.1. Mended in 18.09.1 the first time.
    id: 'CVE-2024-41110',
    component: 'docker',
    affected: [
      { from: '19.0.0', to: '19.03.15' },
      { from: '20.0.0', to: '20.10.27' },
      { from: '23.0.0', to: '23.0.14' },
      { from: '24.0.0', to: '24.0.9' },
      { from: '25.0.0', to: '25.0.5' },
      { from: '26.0.0', to: '26.0.2' },
      { from: '26.1.0', to: '26.1.4' },
      { from: '27.0.0', to: '27.1.0' },
    ],
    needs: 'authorization-plugin',
    summary: 'a request can get past an authorization plugin',
  },
  {
    // The CVE record: "AuthZ plugin bypass with oversized request body", moby "< 29.3.1".
    id: 'CVE-2026-34040',
    component: 'docker',
    affected: [{ from: null, to: '29.3.0' }],
    needs: 'authorization-plugin',
    summary: 'a large request can get past an authorization plugin',
  },
  {
    // The CVE record: "Off-by-one error in plugin privilege validation", moby "< 29.3.1".
    id: 'CVE-2026-33997',
    component: 'docker',
    affected: [{ from: null, to: '29.3.0' }],
    needs: 'engine-plugin',
    summary: 'a plugin can be installed with a privilege nobody agreed to',
  },
];

export interface Finding {
  id: string;
  summary: string;
  needs: Condition;
  /** What it needs is there, and the version is upstream's own. A distribution mends old versions, so its builds are only named. */
  holdsHere: boolean;
}

/** Pure: what is known against that version; `present` is what this host and our way of using the program bring along. */
export function findAdvisories(component: Component, version: string, present: readonly Condition[]): Finding[] {
  const found = ADVISORIES.filter(
    (one) => one.component === component && one.affected.some((range) => inRange(version, range)),
  );
  return found.map(({ id, summary, needs }) => ({
    ...{ id, summary, needs },
    holdsHere: present.includes(needs) && !isDistributionBuild(version),
  }));
}

/** Pure: for people, to go behind a probe's detail; empty when nothing is known. */
export function describeFindings(findings: readonly Finding[]): string {
  if (findings.length === 0) return '';
  const told = findings.map(({ id, summary, needs, holdsHere }) => {
    const where = holdsHere ? 'it applies here' : `it needs ${needs}, or the build is a distribution's`;
    return `${id} (${summary}; ${where})`;
  });
  return ` Known against this version as of ${ADVISORIES_DATE}: ${told.join(', ')}.`;
}

/** Pure: the sentence that keeps new functions away, where something holds here. */
export function weaknessOf(findings: readonly Finding[]): { weakness?: string } {
  const ids = findings.filter(({ holdsHere }) => holdsHere).map(({ id }) => id);
  return ids.length === 0 ? {} : { weakness: `its version has ${ids.join(' and ')}, which applies here` };
}

function isDistributionBuild(version: string): boolean {
  return !/^v?\d+\.\d+\.\d+(?:-rc\.?\d+)?$/.test(version);
}
