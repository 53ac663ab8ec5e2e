/** Commands, names and values stand between backticks in our own messages; a pair never spans lines. */
const CODE = /`([^`\n]+)`/;

export interface ProsePart {
  text: string;
  /** It stood between backticks, which `text` leaves out. */
  isCode: boolean;
}

/** One of our own messages in parts, for pages that show code as code. */
export function proseParts(message: string): ProsePart[] {
  return message
    .split(CODE)
    .map((text, index) => ({ text, isCode: index % 2 === 1 }))
    .filter(({ text }) => text !== '');
}

/** One of our own messages for a terminal or another place that shows plain text: without the backticks. */
export function plainProse(message: string): string {
  return proseParts(message)
    .map(({ text }) => text)
    .join('');
}
