import { describeCloneUniqueness } from '../../conformance/clone-uniqueness.ts';
import { microvmSubject } from './testing/microvm-subject.ts';

/** Per language. Each costs half a second of emulation; a source that repeats itself shows between the first two already. */
const CLONES = process.env.COLDFRAME_TEST_NIGHTLY === '1' ? 100 : 12;

describeCloneUniqueness('qemu', () => microvmSubject('qemu'), { clones: CLONES, timeoutMs: 600_000 });
