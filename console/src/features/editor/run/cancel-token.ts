const TOKEN_BYTES = 24;

/** Random text that nobody else can guess. `crypto.randomUUID` is missing on pages served by plain http from another machine. */
export function newCancelToken(): string {
  return [...crypto.getRandomValues(new Uint8Array(TOKEN_BYTES))]
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('');
}
