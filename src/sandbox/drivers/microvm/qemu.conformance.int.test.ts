import { describeDriverConformance } from '../../conformance/driver-conformance.ts';
import { qemuSubject } from './testing/qemu-rig.ts';

describeDriverConformance('qemu', qemuSubject);
