import type { Log } from '../domain/log.ts';

/**
 * Stops what was started: steps run in reverse order of `add`, each once. A step that fails keeps no other from
 * running.
 */
export interface StopInOrder {
  add(name: string, step: () => void | Promise<void>): void;
  /** Safe to repeat: it returns the same promise. Never rejects; all failures are logged together. */
  run(): Promise<void>;
}

export function stopInOrder(log: Log): StopInOrder {
  const steps: { name: string; step: () => void | Promise<void> }[] = [];
  let running: Promise<void> | null = null;
  const runAll = async (): Promise<void> => {
    const failures: unknown[] = [];
    for (const { name, step } of steps.reverse()) {
      try {
        await step();
      } catch (error) {
        failures.push(new Error(`stopping: ${name}`, { cause: error }));
      }
    }
    if (failures.length > 0)
      log.error({ err: new AggregateError(failures, 'some parts did not stop cleanly') }, 'stop');
  };
  return {
    add: (name, step) => steps.push({ name, step }),
    run: () => {
      running ??= runAll();
      return running;
    },
  };
}
