import { describeCloneUniqueness } from '../../conformance/clone-uniqueness.ts';
import { microvmSubject } from './testing/microvm-subject.ts';
import { SLOWNESS } from './testing/monitors.ts';

/** Per clone: a restore, a load and a call. */
const CLONE_TIMEOUT_MS = 1_000;
const CLONES = Number(process.env.COLDFRAME_TEST_CLONES ?? 200);

describeCloneUniqueness('firecracker', () => microvmSubject('firecracker'), {
  clones: CLONES,
  timeoutMs: (60_000 + CLONES * CLONE_TIMEOUT_MS) * SLOWNESS,
  slowness: SLOWNESS,
});
