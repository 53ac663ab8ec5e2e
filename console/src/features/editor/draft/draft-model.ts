/** A function's code as it was read from the server. */
export interface DeployedCode {
  revisionId: string;
  revisionNumber: number;
  codeSha256: string;
  /** Path to text. */
  files: Readonly<Record<string, string>>;
  /** What the editor cannot show; it stays as it is. */
  binaryFiles: readonly { path: string; sizeBytes: number }[];
  /** What a text cannot say of them is kept by sending changes. */
  executableFiles: readonly string[];
  links: readonly { path: string; target: string }[];
}

/** Path to text; null takes the file away. */
export type CodeChanges = Record<string, string | null>;

export interface DraftSnapshot {
  base: DeployedCode;
  /** Of all text files, sorted. */
  paths: readonly string[];
  dirtyPaths: ReadonlySet<string>;
  isDirty: boolean;
  /** Counts up whenever texts changed other than by typing: an open editor has to show them anew. */
  epoch: number;
}

/**
 * The code on one's own desk: what is deployed (`base`) and the texts as they are now. Typing changes a text without telling
 * anyone, unless the file thereby becomes different from what is deployed or equal to it again; `onEdit` hears of each.
 */
export class DraftModel {
  /** After every change of a text or of the files. */
  onEdit: (() => void) | null = null;
  readonly #listeners = new Set<() => void>();
  readonly #texts = new Map<string, string>();
  #snapshot: DraftSnapshot;

  constructor(base: DeployedCode, changes: CodeChanges = {}) {
    this.#fill(base, changes);
    this.#snapshot = this.#take(base, 0);
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  snapshot = (): DraftSnapshot => this.#snapshot;

  text(path: string): string | null {
    return this.#texts.get(path) ?? null;
  }

  /** Path to text, whole. */
  files(): Record<string, string> {
    return Object.fromEntries(this.#texts);
  }

  /** What differs from what is deployed. */
  changes(): CodeChanges {
    const { files } = this.#snapshot.base;
    const changes: [string, string | null][] = [];
    for (const [path, text] of this.#texts) if (files[path] !== text) changes.push([path, text]);
    for (const path of Object.keys(files)) if (!this.#texts.has(path)) changes.push([path, null]);
    return Object.fromEntries(changes);
  }

  /** As typed. */
  type(path: string, text: string): void {
    if (!this.#texts.has(path)) return;
    this.#texts.set(path, text);
    const isDirty = this.#snapshot.base.files[path] !== text;
    if (isDirty !== this.#snapshot.dirtyPaths.has(path)) this.#tell(this.#snapshot.epoch);
    this.onEdit?.();
  }

  /** A new file, or another text for one that is there. */
  put(path: string, text: string): void {
    this.#texts.set(path, text);
    this.#changed();
  }

  rename(from: string, to: string): void {
    const text = this.#texts.get(from);
    if (text === undefined || from === to) return;
    this.#texts.delete(from);
    this.#texts.set(to, text);
    this.#changed();
  }

  remove(path: string): void {
    if (this.#texts.delete(path)) this.#changed();
  }

  /** What is deployed now is this; the texts become it with `changes` over it. */
  rebase(base: DeployedCode, changes: CodeChanges = {}): void {
    this.#fill(base, changes);
    this.#tell(this.#snapshot.epoch + 1, base);
    this.onEdit?.();
  }

  /** The texts were deployed as they are, or only settings changed: they stay, and what they are compared with is new. */
  adopt(base: DeployedCode): void {
    this.#tell(this.#snapshot.epoch, base);
    this.onEdit?.();
  }

  #fill(base: DeployedCode, changes: CodeChanges): void {
    this.#texts.clear();
    for (const [path, text] of Object.entries(base.files)) this.#texts.set(path, text);
    for (const [path, text] of Object.entries(changes)) {
      if (text === null) this.#texts.delete(path);
      else this.#texts.set(path, text);
    }
  }

  #changed(): void {
    this.#tell(this.#snapshot.epoch + 1);
    this.onEdit?.();
  }

  #tell(epoch: number, base: DeployedCode = this.#snapshot.base): void {
    this.#snapshot = this.#take(base, epoch);
    for (const listener of this.#listeners) listener();
  }

  #take(base: DeployedCode, epoch: number): DraftSnapshot {
    const paths = [...this.#texts.keys()].sort();
    const dirtyPaths = new Set(paths.filter((path) => base.files[path] !== this.#texts.get(path)));
    const isDirty = dirtyPaths.size > 0 || Object.keys(base.files).some((path) => !this.#texts.has(path));
    return { base, paths, dirtyPaths, isDirty, epoch };
  }
}
