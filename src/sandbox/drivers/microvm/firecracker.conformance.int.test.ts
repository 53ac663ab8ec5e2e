import { describeDriverConformance } from '../../conformance/driver-conformance.ts';
import { microvmSubject } from './testing/microvm-subject.ts';
import { SLOWNESS } from './testing/monitors.ts';

describeDriverConformance('firecracker', () => microvmSubject('firecracker'), { slowness: SLOWNESS });
