import { describe, expect, test } from 'vitest';
import { type Architecture, architectureOf, seccompProgram } from './bpf-program.ts';
import { dockerSeccompProfile } from './docker-profile.ts';
import { DENIED, NEW_NAMESPACE_FLAGS } from './profile.ts';
import { SYSCALL_NUMBERS } from './syscall-numbers.ts';

const ALLOW = 0x7fff0000;
const KILL = 0x80000000;
const EPERM = 0x50001;
const ENOSYS = 0x50026;
const ARCH: Record<Architecture, number> = { x86_64: 0xc000003e, aarch64: 0xc00000b7 };

/** The kernel's rules for the few instructions a seccomp filter of ours uses; refuses any other. */
function evaluate(program: Buffer, data: { arch: number; number: number; arguments?: number[] }): number {
  const memory = Buffer.alloc(64);
  memory.writeUInt32LE(data.number >>> 0, 0);
  memory.writeUInt32LE(data.arch, 4);
  for (const [at, value] of (data.arguments ?? []).entries()) memory.writeUInt32LE(value >>> 0, 16 + at * 8);
  let accumulator = 0;
  for (let at = 0; at < program.length / 8; at++) {
    const code = program.readUInt16LE(at * 8);
    const [jumpTrue, jumpFalse] = [program.readUInt8(at * 8 + 2), program.readUInt8(at * 8 + 3)];
    const operand = program.readUInt32LE(at * 8 + 4);
    if (code === 0x20) accumulator = memory.readUInt32LE(operand);
    else if (code === 0x06) return operand;
    else {
      const holds = { 21: accumulator === operand, 37: accumulator > operand, 69: (accumulator & operand) !== 0 }[code];
      if (holds === undefined) throw new Error(`unknown instruction ${code}`);
      at += holds ? jumpTrue : jumpFalse;
    }
  }
  throw new Error('fell off the end');
}

describe.each(['x86_64', 'aarch64'] as const)('the filter for %s', (architecture) => {
  const program = seccompProgram(architecture);
  const numbers = SYSCALL_NUMBERS[architecture];
  const run = (name: string, ...words: number[]) =>
    evaluate(program, { arch: ARCH[architecture], number: numbers[name] as number, arguments: words });

  test('kills a process that speaks another architecture’s calls', () => {
    expect(evaluate(program, { arch: 0x40000003, number: 1 })).toBe(KILL);
  });

  test('denies every listed call and allows what programs live from', () => {
    for (const name of DENIED.filter((denied) => numbers[denied] !== undefined))
      expect([name, run(name)]).toEqual([name, EPERM]);
    for (const name of ['read', 'write', 'openat', 'mmap', 'futex', 'execve', 'epoll_pwait', 'connect', 'seccomp']) {
      expect([name, run(name)]).toEqual([name, ALLOW]);
    }
  });

  test('lets clone make threads and processes but no namespaces, and clone3 nothing', () => {
    expect(run('clone', 0x3d0f00)).toBe(ALLOW);
    expect(run('clone', 17)).toBe(ALLOW);
    for (let bit = 0; bit < 32; bit++) {
      const flag = (1 << bit) >>> 0;
      if ((NEW_NAMESPACE_FLAGS & flag) !== 0) expect(run('clone', flag | 17)).toBe(EPERM);
    }
    expect(run('clone3')).toBe(ENOSYS);
  });

  test('allows local, internet and netlink sockets and no others', () => {
    for (const name of ['socket', 'socketpair']) {
      const allowed = Array.from({ length: 64 }, (_, family) => family).filter((one) => run(name, one) === ALLOW);
      expect(allowed).toEqual([1, 2, 10, 16]);
      expect(run(name, 40)).toBe(EPERM);
    }
  });

  test('denies huge pages and asynchronous I/O, which one sandbox could take from the whole host', () => {
    const asked = { mmap: [0, 0, 0, 0x40022], memfd_create: [0, 0x5], shmget: [0, 0, 0o5600] };
    const plain = { mmap: [0, 0, 0, 0x22], memfd_create: [0, 0x3], shmget: [0, 0, 0o1600] };
    for (const [name, words] of Object.entries(asked)) expect([name, run(name, ...words)]).toEqual([name, EPERM]);
    for (const [name, words] of Object.entries(plain)) expect([name, run(name, ...words)]).toEqual([name, ALLOW]);
    expect(run('io_setup')).toBe(EPERM);
  });

  test('answers calls newer than the headers, and x32 numbers, as not implemented', () => {
    const newest = Math.max(...Object.values(numbers));
    expect(evaluate(program, { arch: ARCH[architecture], number: newest + 1 })).toBe(ENOSYS);
    expect(evaluate(program, { arch: ARCH[architecture], number: 0x40000001 })).toBe(ENOSYS);
    expect(evaluate(program, { arch: ARCH[architecture], number: -1 })).toBe(ENOSYS);
  });
});

test('the numbers are those every program of the architecture is compiled with', () => {
  expect(SYSCALL_NUMBERS.x86_64).toMatchObject({
    read: 0,
    clone: 56,
    execve: 59,
    mount: 165,
    openat: 257,
    clone3: 435,
  });
  expect(SYSCALL_NUMBERS.aarch64).toMatchObject({
    read: 63,
    clone: 220,
    execve: 221,
    mount: 40,
    openat: 56,
    newfstatat: 79,
  });
  expect(architectureOf('x64')).toBe('x86_64');
  expect(architectureOf('arm64')).toBe('aarch64');
  expect(architectureOf('riscv64')).toBeNull();
});

test('the Docker profile says the same: nothing denied is allowed, and the rest is refused by default', () => {
  const profile = dockerSeccompProfile();
  const allowed = profile.syscalls.filter(({ action, args }) => action === 'SCMP_ACT_ALLOW' && args === undefined);
  const names = new Set(allowed.flatMap((rule) => rule.names));
  expect(profile.defaultAction).toBe('SCMP_ACT_ERRNO');
  expect(DENIED.filter((name) => names.has(name))).toEqual([]);
  expect(
    ['clone', 'clone3', 'socket', 'socketpair', 'mmap', 'memfd_create', 'shmget'].filter((name) => names.has(name)),
  ).toEqual([]);
  expect(names.has('openat')).toBe(true);
});
