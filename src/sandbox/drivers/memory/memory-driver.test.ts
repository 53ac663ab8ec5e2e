import { afterEach, expect, test } from 'vitest';
import { SandboxError } from '../../../contract/sandbox-error.ts';
import { type MemoryRig, memoryRig } from '../../conformance/memory-rig.ts';
import { call, NEVER, NO_CODE, settingsOf, specOf, until } from '../../conformance/sandbox-rig.ts';
import { NO_REPLY } from './memory-call.ts';
import { MemoryDriver } from './memory-driver.ts';
import type { MemoryCall } from './memory-module.ts';

let rig: MemoryRig | null = null;
afterEach(async () => {
  await rig?.close();
  rig = null;
});

const turns = async (count: number): Promise<void> => {
  for (let n = 0; n < count; n += 1) await new Promise((resolve) => setImmediate(resolve));
};

test('a frozen box neither answers nor prints until it is thawed', async () => {
  const open: MemoryCall[] = [];
  rig = await memoryRig((_event, running) => {
    open.push(running);
    return NO_REPLY;
  });
  const sandbox = await rig.sandbox();
  const [box] = rig.driver.boxes.values();
  const calling = call(sandbox, {});
  await until('arrived', () => open.length === 1);
  box?.freeze();
  open[0]?.stdout('held\n');
  open[0]?.reply(Buffer.from('1'));
  await turns(5);
  expect(sandbox.inFlight).toBe(1);
  box?.thaw();
  const { reply, settled } = await calling;
  expect(reply.kind).toBe('result');
  expect(settled.logs.lines.map((line) => line.text)).toEqual(['held']);
});

test('a frozen box can be killed', async () => {
  rig = await memoryRig(() => NO_REPLY);
  const sandbox = await rig.sandbox();
  const [box] = rig.driver.boxes.values();
  const calling = call(sandbox, {});
  await turns(2);
  box?.freeze();
  await sandbox.destroy('test');
  expect((await calling).reply).toMatchObject({ kind: 'died', exit: { cause: 'destroyed' } });
});

test('exited resolves once, with the first cause', async () => {
  const driver = new MemoryDriver({ resolve: () => null });
  const box = await driver.create(specOf(), NEVER);
  box.kill();
  driver.boxes.get(box.id)?.end({ cause: 'oom', exitCode: null, signal: null });
  expect(await box.exited).toMatchObject({ cause: 'destroyed' });
  await box.destroy(NEVER);
  await box.destroy(NEVER);
  expect(driver.boxes.size).toBe(0);
});

test('code is delivered once, and an aborted create makes no box', async () => {
  const driver = new MemoryDriver({ resolve: () => null });
  const box = await driver.create(specOf(), NEVER);
  expect(await box.deliver(NO_CODE, NEVER)).toEqual({ taskRoot: NO_CODE.path });
  await expect(box.deliver(NO_CODE, NEVER)).rejects.toBeInstanceOf(SandboxError);
  await expect(driver.create(specOf(), AbortSignal.abort())).rejects.toBeInstanceOf(SandboxError);
  expect(driver.createdCount).toBe(1);
  await box.destroy(NEVER);
});

test('a missing module is Runtime.ImportModuleError', async () => {
  rig = await memoryRig(() => null, { resolve: () => null });
  const sandbox = await rig.guard.create(specOf(), NEVER);
  const load = await sandbox.load(NO_CODE, settingsOf(), NEVER);
  expect(load).toMatchObject({ kind: 'loadError', error: { errorType: 'Runtime.ImportModuleError' } });
});
