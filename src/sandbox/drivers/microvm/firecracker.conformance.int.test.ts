import { describeDriverConformance } from '../../conformance/driver-conformance.ts';
import { firecrackerSubject, SLOWNESS } from './firecracker-rig.ts';

describeDriverConformance('firecracker', firecrackerSubject, { slowness: SLOWNESS });
