import { describeKilledLife } from './testing/killed-life.ts';

describeKilledLife('qemu');
