import { type DragEvent, type ReactNode, useRef, useState } from 'react';
import classes from './drop-zone.module.css';
import { type DroppedFiles, readDropped } from './read-dropped.ts';

interface Props {
  onDropped(files: DroppedFiles): void;
  /** What is said while files are held over it. */
  invitation: string;
  /** `pickFiles` does by button what dropping does. */
  children(pickFiles: () => void): ReactNode;
}

/** Takes files that are dropped on what it holds, or picked. */
export function DropZone({ onDropped, invitation, children }: Props) {
  const input = useRef<HTMLInputElement>(null);
  // Entering a child comes before leaving its parent: only the sum says whether one is still inside.
  const depth = useRef(0);
  const [isOver, setIsOver] = useState(false);
  const take = async (files: FileList | null): Promise<void> => {
    if (files !== null && files.length > 0) onDropped(await readDropped([...files]));
  };
  const hasFiles = (event: DragEvent): boolean => event.dataTransfer.types.includes('Files');
  const leave = (): void => {
    depth.current = 0;
    setIsOver(false);
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: dropping is a second way; the Upload button is the one for keyboards
    <div
      className={classes.zone}
      onDragEnter={(event) => {
        if (!hasFiles(event)) return;
        depth.current++;
        setIsOver(true);
      }}
      onDragLeave={(event) => {
        if (hasFiles(event) && --depth.current <= 0) leave();
      }}
      onDragOver={(event) => {
        if (hasFiles(event)) event.preventDefault();
      }}
      onDropCapture={(event) => {
        if (!hasFiles(event)) return;
        event.preventDefault();
        event.stopPropagation();
        leave();
        void take(event.dataTransfer.files);
      }}
    >
      {children(() => input.current?.click())}
      <input
        ref={input}
        type="file"
        multiple
        hidden
        aria-label="Files or a zip to upload"
        onChange={(event) => {
          void take(event.currentTarget.files);
          event.currentTarget.value = '';
        }}
      />
      {isOver ? <div className={classes.over}>{invitation}</div> : null}
    </div>
  );
}
