/** The token of a sign-in link (`/#token=...`), taken out of the address: it works once and must not stay in the history. */
export function takeLinkToken(): string | null {
  const token = new URLSearchParams(window.location.hash.slice(1)).get('token');
  if (token !== null) window.history.replaceState(null, '', `${window.location.pathname}${window.location.search}`);
  return token;
}
