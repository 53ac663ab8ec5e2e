import { ColdframeError, type ErrorCode, type FieldError } from '../../../errors/coldframe-error.ts';

/** What Fastify throws: its own code, a status, and for schemas the list of Ajv's findings. */
interface FrameworkError extends Error {
  code?: string;
  statusCode?: number;
  validation?: SchemaFinding[];
  validationContext?: string;
}

interface SchemaFinding {
  instancePath: string;
  keyword: string;
  message?: string;
  params: Record<string, unknown>;
}

const CODES: Record<string, ErrorCode> = {
  FST_ERR_CTP_EMPTY_JSON_BODY: 'invalid_json',
  FST_ERR_CTP_INVALID_JSON_BODY: 'invalid_json',
};
const CODES_BY_STATUS: Record<number, ErrorCode> = {
  404: 'not_found',
  405: 'method_not_allowed',
  413: 'payload_too_large',
  415: 'unsupported_media_type',
};

/** Fastify's own refusals of a request: whatever it objects to, the caller caused it. Null for its failures and for other errors. */
function refusalOf({ code, statusCode = 500 }: FrameworkError): ErrorCode | null {
  if (typeof code !== 'string' || !code.startsWith('FST_ERR_') || statusCode < 400 || statusCode > 499) return null;
  return CODES[code] ?? CODES_BY_STATUS[statusCode] ?? 'bad_http';
}

/** Everything thrown becomes a catalogue error; what is not known becomes `internal`, with the cause for the log alone (I7). */
export function toColdframeError(thrown: unknown): ColdframeError {
  if (thrown instanceof ColdframeError) return thrown;
  const error = thrown as FrameworkError;
  if (error?.validation) {
    const errors = error.validation.map((finding) => fieldErrorOf(finding, error.validationContext ?? 'body'));
    return new ColdframeError('invalid_request', { errors, cause: error });
  }
  const code = typeof error === 'object' && error !== null ? refusalOf(error) : null;
  if (code) return new ColdframeError(code, { cause: error });
  return new ColdframeError('internal', { cause: thrown, internalMessage: String(error?.message ?? thrown) });
}

const PREFIXES: Record<string, string> = { querystring: '/query', params: '/path', headers: '/headers', body: '' };

function fieldErrorOf(finding: SchemaFinding, context: string): FieldError {
  const base = `${PREFIXES[context] ?? ''}${finding.instancePath}`;
  const { params, keyword } = finding;
  if (keyword === 'additionalProperties') {
    return { path: `${base}/${pointerPart(params.additionalProperty)}`, message: 'is not a field of this operation' };
  }
  if (keyword === 'required') return { path: `${base}/${pointerPart(params.missingProperty)}`, message: 'is required' };
  if (keyword === 'enum' || keyword === 'const') {
    const allowed = keyword === 'enum' ? (params.allowedValues as unknown[]) : [params.allowedValue];
    return { path: base, message: `must be one of ${allowed.map((value) => JSON.stringify(value)).join(', ')}` };
  }
  return { path: base, message: finding.message ?? 'is not valid' };
}

function pointerPart(name: unknown): string {
  return String(name).replaceAll('~', '~0').replaceAll('/', '~1');
}
