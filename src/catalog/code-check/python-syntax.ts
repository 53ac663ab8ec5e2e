import type { FieldError } from '../../errors/coldframe-error.ts';
import { MEMORY_MAX_MIB } from './checker-limits.ts';
import { runChecker } from './checker-process.ts';
import type { SourceFile } from './source-files.ts';

const ERRORS_MAX = 10;

/** Compiles what it reads and evaluates nothing; built-ins only, since each import costs milliseconds. */
const SCRIPT = `
import sys
read = sys.stdin.buffer
while True:
    head = read.readline()
    if not head:
        break
    size, _, name = head.rstrip(b"\\n").partition(b" ")
    source = read.read(int(size))
    line, message = 1, None
    try:
        compile(source, "file", "exec", 0, True)
    except SyntaxError as error:
        line, message = error.lineno or 1, error.msg
    except RecursionError:
        message = "nested too deeply"
    except MemoryError:
        message = "nested too deeply, or needs more than ${MEMORY_MAX_MIB} MiB of memory to compile"
    except ValueError as error:
        message = str(error)
    if message is not None:
        text = message.replace("\\n", " ").encode("utf-8", "backslashreplace")
        sys.stdout.buffer.write(name + b"\\0" + str(line).encode() + b"\\0" + text + b"\\n")
`;

export interface PythonSyntaxOptions {
  interpreter: string;
  user: { uid: number; gid: number } | null;
  signal?: AbortSignal;
}

/** All files in one child process. An interpreter that cannot be run or is late finds nothing; one that meets a limit refuses all. */
export async function checkPythonSyntax(files: SourceFile[], options: PythonSyntaxOptions): Promise<FieldError[]> {
  if (files.length === 0) return [];
  const input = files.flatMap((file) => {
    const source = Buffer.from(file.text);
    return [Buffer.from(`${source.length} ${file.path}\n`), source];
  });
  const result = await runChecker({
    command: options.interpreter,
    args: ['-I', '-S', '-B', '-W', 'ignore', '-c', SCRIPT],
    input: Buffer.concat(input),
    user: options.user,
    signal: options.signal,
  });
  if (result.kind === 'unknown') return [];
  if (result.kind === 'over_limit') return [{ path: '/code', message: result.message }];
  const lines = result.stdout.split('\n').filter((line) => line !== '');
  return lines.slice(0, ERRORS_MAX).map((line) => {
    const [path, at, message] = line.split('\0');
    return { path: path ?? '', message: `line ${at}: ${message}` };
  });
}
