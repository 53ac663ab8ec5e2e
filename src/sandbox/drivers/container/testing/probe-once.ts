import { containerRig } from '../container-rig.ts';

/** Probes docker once, in whatever namespaces this process was started in, and prints what it found. */
const PROBE_DEADLINE_MS = 60_000;

const rig = await containerRig();
const { state, detail, fix } = await rig.driver.probe(AbortSignal.timeout(PROBE_DEADLINE_MS));
await rig.close();
process.stdout.write(JSON.stringify({ state, detail, fix }));
