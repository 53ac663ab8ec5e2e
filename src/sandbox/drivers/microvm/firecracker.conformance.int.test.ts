import { describeDriverConformance } from '../../conformance/driver-conformance.ts';
import { firecrackerSubject, SLOWNESS } from './testing/firecracker-rig.ts';

describeDriverConformance('firecracker', firecrackerSubject, { slowness: SLOWNESS });
