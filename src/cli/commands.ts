import type { Command } from './command.ts';
import { compare } from './compare/compare.ts';
import { deploy } from './deploy/deploy.ts';
import { doctor } from './doctor/doctor.ts';
import { functionsDelete } from './functions/delete.ts';
import { functionsList } from './functions/list.ts';
import { functionsShow } from './functions/show.ts';
import { init } from './init/init.ts';
import { invocationsCancel } from './invocations/cancel.ts';
import { invocationsList } from './invocations/list.ts';
import { invocationsReplay } from './invocations/replay.ts';
import { invocationsShow } from './invocations/show.ts';
import { invoke } from './invoke/invoke.ts';
import { keysCreate } from './keys/create.ts';
import { keysDelete } from './keys/delete.ts';
import { keysList } from './keys/list.ts';
import { login } from './login/login.ts';
import { logs } from './logs/logs.ts';
import { metrics } from './metrics/metrics.ts';
import { open } from './open/open.ts';
import { setupFirecracker } from './setup/firecracker.ts';
import { setupQemu } from './setup/qemu.ts';
import { tryCommand } from './try/try.ts';
import { up } from './up/up.ts';

/** Every command, in the order of `coldframe --help`. */
export const COMMANDS: readonly Command[] = [
  up,
  init,
  deploy,
  tryCommand,
  invoke,
  logs,
  functionsList,
  functionsShow,
  functionsDelete,
  invocationsList,
  invocationsShow,
  invocationsCancel,
  invocationsReplay,
  metrics,
  compare,
  keysList,
  keysCreate,
  keysDelete,
  login,
  open,
  setupFirecracker,
  setupQemu,
  doctor,
];
