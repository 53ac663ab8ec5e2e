import { useEffect } from 'react';

/** While it is shown, the browser asks before it closes or reloads the page: something on it would be lost. */
export function StayOnPage() {
  useEffect(() => {
    const ask = (event: BeforeUnloadEvent): void => event.preventDefault();
    window.addEventListener('beforeunload', ask);
    return () => window.removeEventListener('beforeunload', ask);
  }, []);
  return null;
}
