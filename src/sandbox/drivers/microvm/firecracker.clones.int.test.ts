import { describeCloneUniqueness } from '../../conformance/clone-uniqueness.ts';
import { firecrackerSubject, SLOWNESS } from './testing/firecracker-rig.ts';

/** Per clone: a restore, a load and a call. */
const CLONE_TIMEOUT_MS = 1_000;
const CLONES = Number(process.env.COLDFRAME_TEST_CLONES ?? 200);

describeCloneUniqueness('firecracker', firecrackerSubject, {
  clones: CLONES,
  timeoutMs: (60_000 + CLONES * CLONE_TIMEOUT_MS) * SLOWNESS,
  slowness: SLOWNESS,
});
