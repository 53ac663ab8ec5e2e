import { DENIED, DENIED_FLAGS, ENOSYS, EPERM, NOT_IMPLEMENTED, SOCKET_CALLS, SOCKET_FAMILIES } from './profile.ts';
import { SYSCALL_NUMBERS } from './syscall-numbers.ts';

export type Architecture = keyof typeof SYSCALL_NUMBERS;

/** One classic BPF instruction: what to do, where to go when a comparison holds or does not, and its operand. */
interface Instruction {
  code: number;
  jumpTrue: number;
  jumpFalse: number;
  operand: number;
}

const LOAD_WORD = 0x20;
const JUMP_EQUAL = 0x15;
const JUMP_GREATER = 0x25;
const JUMP_ANY_BIT = 0x45;
const RETURN = 0x06;

const ALLOW = 0x7fff_0000;
const KILL_PROCESS = 0x8000_0000;
const ERRNO = 0x0005_0000;

/** Offsets in the kernel's `struct seccomp_data`. Arguments have 64 bits; these flags use the low half. */
const OFFSET_NUMBER = 0;
const OFFSET_ARCH = 4;
const OFFSET_ARGUMENTS = 16;
const ARGUMENT_BYTES = 8;

const AUDIT_ARCH: Record<Architecture, number> = { x86_64: 0xc000_003e, aarch64: 0xc000_00b7 };

/** The filter for `bwrap --seccomp`, as the array of `struct sock_filter` in the architecture's (little-endian) byte order. */
export function seccompProgram(architecture: Architecture): Buffer {
  return encode(assemble(architecture));
}

/** The architecture this server runs on. Null when we have no filter for it. */
export function architectureOf(arch: string): Architecture | null {
  return arch === 'x64' ? 'x86_64' : arch === 'arm64' ? 'aarch64' : null;
}

function assemble(architecture: Architecture): Instruction[] {
  const numbers = SYSCALL_NUMBERS[architecture];
  const newest = Math.max(...Object.values(numbers));
  const fail = (name: string, errno: number) => {
    const number = numbers[name];
    return number === undefined ? [] : [onlyIf(JUMP_EQUAL, number), ret(ERRNO | errno)];
  };
  return [
    load(OFFSET_ARCH),
    { code: JUMP_EQUAL, jumpTrue: 1, jumpFalse: 0, operand: AUDIT_ARCH[architecture] },
    ret(KILL_PROCESS),
    load(OFFSET_NUMBER),
    // Also refuses the x32 numbers of x86_64, which have bit 30 set.
    onlyIf(JUMP_GREATER, newest),
    ret(ERRNO | ENOSYS),
    ...DENIED_FLAGS.flatMap((rule) => flagsRule(numbers[rule.name] as number, rule)),
    ...SOCKET_CALLS.flatMap((name) => socketRule(numbers[name] as number)),
    ...NOT_IMPLEMENTED.flatMap((name) => fail(name, ENOSYS)),
    ...DENIED.flatMap((name) => fail(name, EPERM)),
    ret(ALLOW),
  ];
}

function flagsRule(number: number, { argument, flags }: { argument: number; flags: number }): Instruction[] {
  return [
    { code: JUMP_EQUAL, jumpTrue: 0, jumpFalse: 4, operand: number },
    load(OFFSET_ARGUMENTS + argument * ARGUMENT_BYTES),
    onlyIf(JUMP_ANY_BIT, flags),
    ret(ERRNO | EPERM),
    ret(ALLOW),
  ];
}

function socketRule(number: number): Instruction[] {
  const families = SOCKET_FAMILIES.flatMap((family) => [onlyIf(JUMP_EQUAL, family), ret(ALLOW)]);
  return [
    { code: JUMP_EQUAL, jumpTrue: 0, jumpFalse: families.length + 2, operand: number },
    load(OFFSET_ARGUMENTS),
    ...families,
    ret(ERRNO | EPERM),
  ];
}

/** Runs the next instruction when the comparison holds, else skips it. */
function onlyIf(code: number, operand: number): Instruction {
  return { code, jumpTrue: 0, jumpFalse: 1, operand };
}

function load(offset: number): Instruction {
  return { code: LOAD_WORD, jumpTrue: 0, jumpFalse: 0, operand: offset };
}

function ret(action: number): Instruction {
  return { code: RETURN, jumpTrue: 0, jumpFalse: 0, operand: action };
}

function encode(program: Instruction[]): Buffer {
  const bytes = Buffer.alloc(program.length * 8);
  program.forEach((instruction, index) => {
    bytes.writeUInt16LE(instruction.code, index * 8);
    bytes.writeUInt8(instruction.jumpTrue, index * 8 + 2);
    bytes.writeUInt8(instruction.jumpFalse, index * 8 + 3);
    bytes.writeUInt32LE(instruction.operand >>> 0, index * 8 + 4);
  });
  return bytes;
}
