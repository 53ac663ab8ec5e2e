import type { EnvValue, StoredEnv } from '../../domain/function.ts';
import { LIMITS } from '../../domain/limits.ts';
import { ColdframeError, type FieldError } from '../../errors/coldframe-error.ts';

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
/**
 * Set by the sandbox itself: a value of the author's would be replaced in silence, or would break the shim. Lambda's list, without
 * AWS_REGION, AWS_DEFAULT_REGION and the credentials, which are the author's to set here.
 */
const RESERVED =
  /^(?:AWS_LAMBDA_|COLDFRAME_)|^(?:AWS_EXECUTION_ENV|LAMBDA_TASK_ROOT|LAMBDA_RUNTIME_DIR|PWD|_HANDLER|_X_AMZN_TRACE_ID)$/;

export type EnvPatch = Record<string, EnvValue | { secret: true } | null> | null;

/** The next environment: `stored` for the database, `plain` for sandboxes, and the secrets still to be encrypted. */
export interface MergedEnv {
  stored: StoredEnv;
  plain: Record<string, string>;
  newSecrets: { id: string; value: string }[];
}

/**
 * The environment with a patch applied by key: null removes, `{secret: true}` keeps a stored secret. A secret sent again with
 * the value it has keeps its id, so an unchanged deploy stays unchanged. Throws `invalid_settings` listing every problem.
 */
export function mergeEnv(
  current: { stored: StoredEnv; plain: Record<string, string> },
  patch: EnvPatch | undefined,
  newSecretId: () => string,
): MergedEnv {
  const stored = new Map(patch === null ? [] : Object.entries(current.stored));
  const plain = new Map(patch === null ? [] : Object.entries(current.plain));
  const newSecrets: MergedEnv['newSecrets'] = [];
  const errors: FieldError[] = [];
  for (const [name, value] of Object.entries(patch ?? {})) {
    const there = stored.get(name);
    if (value === null) {
      stored.delete(name);
      plain.delete(name);
    } else if (typeof value === 'string') {
      stored.set(name, { plain: value });
      plain.set(name, value);
    } else if (value.secret === true) {
      if (!there || 'plain' in there) errors.push({ path: `/env/${name}`, message: 'has no stored secret to keep' });
    } else {
      if (!there || 'plain' in there || plain.get(name) !== value.secret) {
        const id = newSecretId();
        stored.set(name, { secretId: id });
        newSecrets.push({ id, value: value.secret });
      }
      plain.set(name, value.secret);
    }
  }
  for (const name of stored.keys()) {
    if (!plain.has(name)) errors.push({ path: `/env/${name}`, message: 'can no longer be decrypted: send it again' });
  }
  errors.push(...problems(plain));
  if (errors.length > 0) throw new ColdframeError('invalid_settings', { errors });
  return { stored: Object.fromEntries(stored), plain: Object.fromEntries(plain), newSecrets };
}

function problems(plain: Map<string, string>): FieldError[] {
  const errors: FieldError[] = [];
  let bytes = 0;
  for (const [name, value] of plain) {
    bytes += Buffer.byteLength(name) + Buffer.byteLength(value);
    const path = `/env/${name}`;
    if (!NAME.test(name)) errors.push({ path, message: 'a name has letters, digits and _, and begins with no digit' });
    else if (RESERVED.test(name))
      errors.push({ path, message: 'is set by the sandbox itself: choose another name, or remove it' });
    if (value.includes('\0')) errors.push({ path, message: 'holds a NUL character' });
  }
  if (bytes > LIMITS.envMaxBytes) errors.push({ path: '/env', message: `has more than ${LIMITS.envMaxBytes} bytes` });
  return errors;
}
