import { readdir, readFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { LANGUAGES, type Language } from '../domain/names.ts';
import { ColdframeError } from '../errors/coldframe-error.ts';

const FOLDER = resolve(import.meta.dirname, '../../templates');
const MANIFEST = 'coldframe.json';
const EVENTS = 'events';
/** What stands beside the code in a template and is not part of it. */
const NOT_CODE = new Set([MANIFEST, '.coldframeignore', EVENTS, 'expected']);
const NAME = /^(.+)-(node|python)$/;

export interface TemplateSummary {
  /** e.g. `hello-node`. */
  name: string;
  /** Twins in the other language share it. */
  topic: string;
  language: Language;
  description: string;
}

export interface Template extends TemplateSummary {
  /** What creating a function takes but its code: a name to start with, the runtime, settings. */
  manifest: { name: string; runtime: string } & Record<string, unknown>;
  /** Path to text. */
  files: Record<string, string>;
  /** Events to call it with, any JSON. */
  events: { name: string; event: unknown }[];
}

/** The templates that come with Coldframe, read from disk once, when first asked for; they do not change under a server. */
export class TemplateShelf {
  readonly #folder: string;
  #templates: Promise<Map<string, Template>> | null = null;

  constructor(folder: string = FOLDER) {
    this.#folder = folder;
  }

  /** By topic, JavaScript before Python. */
  async list(): Promise<TemplateSummary[]> {
    const templates = [...(await this.#read()).values()];
    return templates.map(({ name, topic, language, description }) => ({ name, topic, language, description }));
  }

  /** Throws `template_not_found`. */
  async get(name: string): Promise<Template> {
    const templates = await this.#read();
    const template = templates.get(name);
    if (template) return template;
    const publicMessage = `There is no template of that name; there are ${[...templates.keys()].join(', ')}.`;
    throw new ColdframeError('template_not_found', { publicMessage });
  }

  #read(): Promise<Map<string, Template>> {
    this.#templates ??= readTemplates(this.#folder).catch((error: unknown) => {
      this.#templates = null;
      throw error;
    });
    return this.#templates;
  }
}

async function readTemplates(folder: string): Promise<Map<string, Template>> {
  const names = (await readdir(folder)).filter((name) => NAME.test(name)).sort();
  const templates = await Promise.all(names.map((name) => readTemplate(join(folder, name))));
  return new Map(templates.map((template) => [template.name, template]));
}

async function readTemplate(path: string): Promise<Template> {
  const name = basename(path);
  const [, topic = name, suffix = ''] = NAME.exec(name) ?? [];
  const manifest = JSON.parse(await readFile(join(path, MANIFEST), 'utf8')) as Template['manifest'];
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  const files: Template['files'] = {};
  for (const entry of entries) {
    const relative = join(entry.parentPath, entry.name).slice(path.length + 1);
    if (!entry.isFile() || NOT_CODE.has(relative.split('/', 1)[0] as string)) continue;
    files[relative] = await readFile(join(path, relative), 'utf8');
  }
  const events = (await readdir(join(path, EVENTS))).sort().map(async (file) => ({
    name: basename(file, '.json'),
    event: JSON.parse(await readFile(join(path, EVENTS, file), 'utf8')) as unknown,
  }));
  return {
    name,
    topic,
    language: LANGUAGES.find((one) => one.startsWith(suffix)) ?? 'nodejs',
    description: String(manifest.description ?? ''),
    manifest,
    files,
    events: await Promise.all(events),
  };
}
