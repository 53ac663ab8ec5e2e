/** The glass box that keeps seedlings warm. */
export function Mark() {
  return (
    <svg viewBox="0 0 16 16" width="18" height="18" fill="none" stroke="var(--accent)" aria-hidden="true">
      <path d="M2 13V6l12-3v10z" strokeWidth="1.6" strokeLinejoin="round" />
      <path d="M2 9.5L14 8M8 13V4.5" strokeWidth="1.2" />
    </svg>
  );
}
