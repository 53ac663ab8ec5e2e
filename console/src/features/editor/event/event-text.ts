/** Why the text cannot be sent as an event; null when it can. An empty one is sent as `{}`. */
export function eventProblem(text: string): string | null {
  if (text.trim() === '') return null;
  try {
    JSON.parse(text);
    return null;
  } catch (error) {
    return `The event is not valid JSON: ${(error as Error).message}`;
  }
}

/** What is sent for the text in the panel. */
export function eventToSend(text: string): string {
  return text.trim() === '' ? '{}' : text;
}
