// Writes src/host/seccomp/syscall-numbers.ts from the kernel headers installed here (Debian: linux-libc-dev).
// Run it by hand when newer headers add system calls: node scripts/generate-syscall-numbers.mjs
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

const x86Headers = ['/usr/include/x86_64-linux-gnu/asm/unistd_64.h', '/usr/include/asm/unistd_64.h'];
const x86 = [...readFileSync(x86Headers.find(existsSync), 'utf8').matchAll(/^#define __NR_(\w+) (\d+)$/gm)];

// aarch64 uses the generic table; entries behind these switches are what its own header asks for, 32-bit ones are not.
const wanted = new Set([
  '__ARCH_WANT_RENAMEAT',
  '__ARCH_WANT_NEW_STAT',
  '__ARCH_WANT_SET_GET_RLIMIT',
  '__ARCH_WANT_MEMFD_SECRET',
  '__ARCH_WANT_SYS_CLONE3',
]);
const generic = readFileSync('/usr/include/asm-generic/unistd.h', 'utf8');
const numbers = new Map();
const stack = [];
for (const line of generic.split('\n')) {
  const condition = /^#\s*(if|ifdef|ifndef)\b(.*)/.exec(line);
  if (condition) stack.push(evaluate(condition[1], condition[2]));
  else if (/^#\s*else/.test(line)) stack.push(!stack.pop());
  else if (/^#\s*endif/.test(line)) stack.pop();
  else if (stack.every(Boolean)) {
    const define = /^#define __NR(3264)?_(\w+) (\d+)/.exec(line);
    if (define) numbers.set(define[2] === 'syscalls' ? null : define[2], Number(define[3]));
  }
}
for (const name of [null, 'arch_specific_syscall']) numbers.delete(name);
// The header's inner name; programs and libseccomp know it as newfstatat.
numbers.set('newfstatat', numbers.get('fstatat'));
numbers.delete('fstatat');

const table = (entries) =>
  entries
    .sort((a, b) => a[1] - b[1])
    .map(([name, number]) => `  ${name}: ${number},`)
    .join('\n');
const text = `// Made by scripts/generate-syscall-numbers.mjs from the Linux headers; do not edit.
export const SYSCALL_NUMBERS: Record<'x86_64' | 'aarch64', Record<string, number>> = {
x86_64: {
${table(x86.map((match) => [match[1], Number(match[2])]))}
},
aarch64: {
${table([...numbers])}
},
};
`;
writeFileSync(new URL('../src/host/seccomp/syscall-numbers.ts', import.meta.url), text);

function evaluate(kind, expression) {
  if (kind === 'ifndef') return true;
  if (kind === 'ifdef') return wanted.has(expression.trim());
  if (/__BITS_PER_LONG == 32/.test(expression)) return false;
  if (/__BITS_PER_LONG (== 64|!= 32)/.test(expression)) return true;
  return [...expression.matchAll(/defined\((\w+)\)/g)].some((match) => wanted.has(match[1]));
}
