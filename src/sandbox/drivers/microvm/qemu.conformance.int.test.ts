import { describeDriverConformance } from '../../conformance/driver-conformance.ts';
import { microvmSubject } from './testing/microvm-subject.ts';

describeDriverConformance('qemu', () => microvmSubject('qemu'));
