import { describeCloneUniqueness } from '../../conformance/clone-uniqueness.ts';
import { qemuSubject } from './testing/qemu-rig.ts';

/** Two hundred in all; each costs half a second of emulation. */
describeCloneUniqueness('qemu', qemuSubject, { clones: 100, timeoutMs: 600_000 });
