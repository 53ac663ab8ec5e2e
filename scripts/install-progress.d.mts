export interface InstallState {
  installed: number;
  total: number;
}
export interface ProgressStream {
  isTTY?: boolean;
  write(text: string): unknown;
}
export function progressText(state: InstallState & { elapsedMs: number }): string;
export function countPackages(folder: string): number;
export function showProgress(stream: ProgressStream, look: () => InstallState, startedAtMs?: number): () => void;
