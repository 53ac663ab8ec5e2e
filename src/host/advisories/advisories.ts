import { inRange, type VersionRange } from './version-range.ts';

/** Looked through on this day; a newer advisory is not in it. Nothing is looked up while the server runs. */
export const ADVISORIES_DATE = '2026-11-29';

export type Component = 'firecracker' | 'docker' | 'runc';

/** What an attack needs, beyond the version. */
export type Condition = 'virtio-pci' | 'jailer' | 'authorization-plugin' | 'foreign-image';

interface Advisory {
  id: string;
  component: Component;
  affected: readonly VersionRange[];
  needs: Condition;
  summary: string;
}

/** runsc has no entry: none that we know of names versions. Kernels and distributions mend old versions and are never held against a host. */
const ADVISORIES: readonly Advisory[] = [
  {
    id: 'CVE-2026-5747',
    component: 'firecracker',
    affected: [
      { from: '1.13.0', to: '1.14.3' },
      { from: '1.15.0', to: '1.15.0' },
    ],
    needs: 'virtio-pci',
    summary: 'a weakness of its virtio PCI transport',
  },
  {
    id: 'CVE-2026-1386',
    component: 'firecracker',
    affected: [
      { from: null, to: '1.13.1' },
      { from: '1.14.0', to: '1.14.0' },
    ],
    needs: 'jailer',
    summary: 'a weakness of its jailer',
  },
  {
    id: 'CVE-2024-21626',
    component: 'runc',
    affected: [{ from: null, to: '1.1.11' }],
    needs: 'foreign-image',
    summary: 'an image, or whoever chooses a working directory, can reach the host',
  },
  {
    id: 'CVE-2025-31133',
    component: 'runc',
    affected: [
      { from: null, to: '1.2.7' },
      { from: '1.3.0', to: '1.3.2' },
    ],
    needs: 'foreign-image',
    summary: 'an image that races with its own start can reach the host',
  },
  {
    id: 'CVE-2024-41110',
    component: 'docker',
    affected: [
      { from: null, to: '25.0.5' },
      { from: '26.0.0', to: '26.1.4' },
      { from: '27.0.0', to: '27.1.0' },
    ],
    needs: 'authorization-plugin',
    summary: 'a request can get past an authorization plugin',
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
