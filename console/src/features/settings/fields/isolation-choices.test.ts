import { expect, it } from 'vitest';
import type { IsolationStatus } from '../../../shared/api/types.ts';
import { isolationChoices } from './isolation-choices.ts';

const status = (part: Partial<IsolationStatus>): IsolationStatus =>
  ({
    isolation: 'docker',
    state: 'usable',
    detail: 'd',
    fix: null,
    fence: 'container',
    runtimes: ['nodejs24'],
    ...part,
  }) as IsolationStatus;

it('usable ones can be chosen, the rest say why not and what to do, the strongest first', () => {
  const choices = isolationChoices(
    [
      status({}),
      status({ isolation: 'gvisor', state: 'absent', detail: 'runsc is not installed.', fix: 'apt-get install runsc' }),
      status({ isolation: 'bubblewrap', runtimes: [] }),
      status({ isolation: 'process', state: 'preparing', detail: 'Being probed.' }),
    ],
    { runtime: 'nodejs24' },
  );
  expect(choices.map(({ isolation, canBeChosen, detail, fix }) => [isolation, canBeChosen, detail, fix])).toEqual([
    ['firecracker', false, 'This server does not offer it.', null],
    ['qemu', false, 'This server does not offer it.', null],
    ['gvisor', false, 'runsc is not installed.', 'apt-get install runsc'],
    ['docker', true, 'Fence: container.', null],
    ['bubblewrap', false, 'It offers no nodejs24 here.', null],
    ['process', true, 'Being probed.', null],
  ]);
});
