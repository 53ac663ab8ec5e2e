import { describeDriverConformance } from '../../conformance/driver-conformance.ts';
import { qemuSubject } from './qemu-rig.ts';

describeDriverConformance('qemu', qemuSubject);
