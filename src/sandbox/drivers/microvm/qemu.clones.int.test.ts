import { describeCloneUniqueness } from '../../conformance/clone-uniqueness.ts';
import { microvmSubject } from './testing/microvm-subject.ts';

/** Two hundred in all; each costs half a second of emulation. */
describeCloneUniqueness('qemu', () => microvmSubject('qemu'), { clones: 100, timeoutMs: 600_000 });
