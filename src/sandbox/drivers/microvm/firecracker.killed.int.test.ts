import { describeKilledLife } from './testing/killed-life.ts';

describeKilledLife('firecracker');
describeKilledLife('unjailed');
