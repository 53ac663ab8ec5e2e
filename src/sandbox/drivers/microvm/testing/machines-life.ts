import type { CodeRef } from '../../../../contract/driver.ts';
import { call, loaded, NEVER, setSlowness, specOf } from '../../../conformance/sandbox-rig.ts';
import { guardDriver } from '../../../guard/guarded-driver.ts';
import { microvmRig } from './microvm-rig.ts';
import { type MonitorKind, monitorOf } from './monitors.ts';

/**
 * For tests alone: a life of a server, to be killed. It has a machine that waits, one in the middle of a call and one that
 * boots, says their ids in this order, and never ends by itself.
 */
const { kind, host, code } = JSON.parse(process.argv[2] ?? '') as {
  kind: MonitorKind;
  host: { instance: string; runDir: string; epoch: string };
  code: CodeRef;
};
const CALL_TIMEOUT_MS = 600_000;

const { vmm, slowness } = monitorOf(kind);
setSlowness(slowness);
await vmm.inspect(NEVER);
const rig = await microvmRig(vmm, { host });
const guard = guardDriver(rig.driver, { onEvent() {} });
await guard.start(NEVER);
const labels = rig.host.labels;
const waiting = await guard.create(specOf({ labels }), NEVER);
const { sandbox: working } = await loaded(guard, code, { spec: { labels } });
void call(working, {}, { timeoutMs: CALL_TIMEOUT_MS });
// A variable that only works at boot keeps the sandbox from being a clone.
const booting = specOf({ labels, runtime: 'python3.11', bootEnv: { PYTHONHASHSEED: '7' } });
void guard.create(booting, NEVER);
process.stdout.write(`${JSON.stringify([waiting.id, working.id, booting.id])}\n`);
