import { useCallback, useState } from 'react';
import type { ApiProblem } from '../../../shared/api/api-problem.ts';
import type { Draft } from '../draft/use-draft.ts';
import type { RunReply } from '../run/run-reply.ts';
import { type Deployed, useDeploy } from './use-deploy.ts';

const CALL_AFTER_KEY = 'coldframe-call-after-deploy';

export interface Save {
  isBusy: boolean;
  error: ApiProblem | null;
  last: (Deployed & { firstReplyMs: number | null }) | null;
  /** Whether a deploy is followed by a call with the event shown; on until switched off. */
  callsAfter: boolean;
  setCallsAfter(on: boolean): void;
  deploy(): void;
  /** Resolves to whether it was deployed. */
  deployZip(zip: File): Promise<boolean>;
  /** Takes away why the last deploy was refused. */
  forgetError(): void;
  isComparing: boolean;
  compare(): void;
  endComparing(then?: () => void): void;
}

interface Options {
  functionName: string;
  draft: Draft;
  callAfter(): Promise<RunReply | null>;
}

/** Deploying from the editor: by key or button, a zip or the draft, followed by the first call of what was deployed. */
export function useSave({ functionName, draft, callAfter }: Options): Save {
  const deploy = useDeploy(functionName, draft.model);
  const [last, setLast] = useState<Save['last']>(null);
  const [isComparing, setIsComparing] = useState(false);
  const [callsAfter, setCallsAfter] = useState(readCallsAfter);

  const deployNow = async (zip: File | null): Promise<boolean> => {
    if (deploy.isPending) return false;
    try {
      const done = await deploy.mutateAsync(zip);
      setLast({ ...done, firstReplyMs: null });
      if (callsAfter) {
        const reply = await callAfter();
        if (reply) setLast({ ...done, firstReplyMs: reply.repliedAtMs - done.startedAtMs });
      }
      return true;
    } catch (error) {
      // The mutation keeps the error, which is shown from there.
      setIsComparing((error as ApiProblem).code === 'function_changed');
      return false;
    }
  };
  return {
    isBusy: deploy.isPending,
    error: deploy.error?.code === 'function_changed' ? null : deploy.error,
    last,
    callsAfter,
    setCallsAfter: useCallback((on: boolean) => {
      setCallsAfter(on);
      writeCallsAfter(on);
    }, []),
    deploy() {
      if (draft.elsewhere) setIsComparing(true);
      else void deployNow(null);
    },
    deployZip: (zip) => deployNow(zip),
    forgetError: deploy.reset,
    isComparing,
    compare: () => setIsComparing(true),
    endComparing(then) {
      setIsComparing(false);
      deploy.reset();
      then?.();
    },
  };
}

function readCallsAfter(): boolean {
  try {
    return window.localStorage.getItem(CALL_AFTER_KEY) !== 'off';
  } catch {
    return true;
  }
}

function writeCallsAfter(on: boolean): void {
  try {
    window.localStorage.setItem(CALL_AFTER_KEY, on ? 'on' : 'off');
  } catch {
    // Where storage is refused the choice lasts as long as the page.
  }
}
