import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { MachineImage } from './machine-image.ts';

/** An AMD processor with virtualization, in software: inside it a /dev/kvm that truly works. */
const PROCESSOR = 'EPYC-Milan,+svm,+npt';
/** What the machine says last on its results line. */
const EXIT_LINE = /^coldframe-exit (\d+)\s*$/;

export interface MachineRun {
  image: MachineImage;
  memoryMib: number;
  cpus: number;
  deadlineMs: number;
  /** Without a line for so long it has stopped, as emulated machines do now and then. */
  silentMs: number;
  /** Its console, for looking into it afterwards. */
  consolePath: string;
  onLine: (line: string) => void;
}

/**
 * Emulates a machine until it powers off or the deadline passes; resolves with the exit code it reported on its second serial
 * port, whose lines go to `onLine`. Rejects when it reported none.
 */
export async function runMachine(run: MachineRun): Promise<number> {
  const { image, memoryMib, cpus } = run;
  const child = spawn(
    'qemu-system-x86_64',
    [
      ...['-M', 'q35', '-accel', 'tcg,thread=multi', '-cpu', PROCESSOR, '-m', `${memoryMib}`, '-smp', `${cpus}`],
      ...['-kernel', image.kernelPath],
      ...['-append', 'console=ttyS0 root=/dev/nvme0n1 rw init=/sbin/coldframe-init panic=-1 no_timer_check quiet'],
      ...[
        '-drive',
        `if=none,id=disk,file=${image.diskPath},format=raw,cache=unsafe`,
        '-device',
        'nvme,drive=disk,serial=disk',
      ],
      ...['-display', 'none', '-no-reboot', '-nic', 'none', '-serial', `file:${run.consolePath}`, '-serial', 'stdio'],
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const kill = () => child.kill('SIGKILL');
  let why = 'it ended without a result; its console tells more';
  const endFor = (reason: string) => () => {
    why = reason;
    kill();
  };
  const timer = setTimeout(endFor('its time is over'), run.deadlineMs);
  const silence = setTimeout(endFor('nothing was heard of it for too long: it has stopped; try again'), run.silentMs);
  process.once('exit', kill);
  child.stderr.pipe(createWriteStream(`${run.consolePath}.stderr`));
  let exitCode: number | null = null;
  const closed = new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', () => resolve());
  });
  createInterface({ input: child.stdout }).on('line', (line) => {
    silence.refresh();
    const match = EXIT_LINE.exec(line);
    if (match === null) run.onLine(line.replace(/\r$/, ''));
    else exitCode = Number(match[1]);
  });
  try {
    await closed;
  } finally {
    clearTimeout(timer);
    clearTimeout(silence);
    process.removeListener('exit', kill);
  }
  if (exitCode === null) throw new Error(`the emulated machine: ${why}`);
  return exitCode;
}
