import type { Language } from '../../../../src/domain/runtimes.ts';

export interface TemplateName {
  name: string;
  topic: string;
  language: Language;
  description: string;
}

export interface Topic {
  topic: string;
  description: string;
  /** The template's name in each language. */
  templates: Partial<Record<Language, string>>;
}

/** One's own, then from the smallest to those that teach by failing; what this does not know comes last. */
const ORDER = [
  'own',
  'hello',
  'http-api',
  'webhook',
  'csv-to-json',
  'call-api',
  'streaming',
  'clean-up',
  'slow',
  'failing',
];

/** Twins under their topic. */
export function byTopic(templates: readonly TemplateName[]): Topic[] {
  const topics = new Map<string, Topic>();
  for (const { name, topic, language, description } of templates) {
    const known = topics.get(topic) ?? { topic, description, templates: {} };
    topics.set(topic, { ...known, templates: { ...known.templates, [language]: name } });
  }
  return [...topics.values()].sort((a, b) => place(a.topic) - place(b.topic));
}

function place(topic: string): number {
  const at = ORDER.indexOf(topic);
  return at === -1 ? ORDER.length : at;
}

/** Descriptions begin with a title and a colon. */
export function titleOf(description: string): string {
  return description.split(':', 1)[0] ?? description;
}
