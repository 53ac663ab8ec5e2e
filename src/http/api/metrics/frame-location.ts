/** Where a frame of a stack trace lies in the author's own files. */
export interface FrameLocation {
  /** Relative to the function's folder. */
  file: string;
  line: number;
}

const NODE_FRAME = /\/var\/task\/([^:()"\n]+):(\d{1,7})/;
const PYTHON_FRAME = /File "\/var\/task\/([^"\n]+)", line (\d{1,7})/;

/** File and line of a frame as Node or Python print it. Null when it names none of the author's files. */
export function frameLocation(frame: string): FrameLocation | null {
  const match = PYTHON_FRAME.exec(frame) ?? NODE_FRAME.exec(frame);
  return match === null ? null : { file: match[1]!, line: Number(match[2]) };
}
