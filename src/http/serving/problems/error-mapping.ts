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
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported_media_type',
  FST_ERR_CTP_BODY_TOO_LARGE: 'payload_too_large',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'invalid_json',
  FST_ERR_CTP_INVALID_JSON_BODY: 'invalid_json',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'bad_http',
  FST_ERR_BAD_URL: 'bad_http',
  FST_ERR_MAX_LIMIT: 'bad_http',
  FST_ERR_NOT_FOUND: 'not_found',
};

/** Everything thrown becomes a catalogue error; what is not known becomes `internal`, with the cause for the log alone (I7). */
export function toColdframeError(thrown: unknown): ColdframeError {
  if (thrown instanceof ColdframeError) return thrown;
  const error = thrown as FrameworkError;
  if (error?.validation) {
    const errors = error.validation.map((finding) => fieldErrorOf(finding, error.validationContext ?? 'body'));
    return new ColdframeError('invalid_request', { errors, cause: error });
  }
  const code = typeof error?.code === 'string' ? CODES[error.code] : undefined;
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
