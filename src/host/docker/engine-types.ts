/** The parts of the Engine API's objects that we read or write; names are the engine's own. */
export interface EngineVersion {
  Version: string;
  ApiVersion: string;
  /** The engine, containerd, runc and docker-init, each with its version. */
  Components?: { Name: string; Version: string }[];
}

export interface EngineInfo {
  ServerVersion: string;
  OSType: string;
  OperatingSystem: string;
  CgroupDriver: string;
  CgroupVersion?: string;
  Runtimes: Record<string, unknown>;
  DefaultRuntime: string;
  SecurityOptions: string[] | null;
  MemoryLimit?: boolean;
  PidsLimit?: boolean;
  CpuCfsQuota?: boolean;
}

export interface EngineMount {
  Type: 'bind';
  Source: string;
  Target: string;
  ReadOnly: boolean;
  BindOptions?: { Propagation: 'rprivate' | 'rslave' };
}

export interface ContainerConfig {
  Image: string;
  Entrypoint: string[];
  Cmd: string[];
  User: string;
  WorkingDir: string;
  Env: string[];
  Labels: Record<string, string>;
  NetworkDisabled: boolean;
  AttachStdin: false;
  AttachStdout: false;
  AttachStderr: false;
  Tty: false;
  Hostname?: string;
  StopSignal?: string;
  HostConfig: HostConfig;
}

export interface HostConfig {
  NetworkMode: string;
  ReadonlyRootfs: boolean;
  CapDrop: string[];
  SecurityOpt: string[];
  PidsLimit: number;
  Memory: number;
  MemorySwap: number;
  CpuPeriod: number;
  CpuQuota: number;
  CgroupParent?: string;
  CgroupnsMode?: 'private';
  IpcMode: 'private' | 'none';
  LogConfig: { Type: 'none'; Config: Record<string, never> };
  Mounts: EngineMount[];
  Tmpfs: Record<string, string>;
  Ulimits: { Name: string; Soft: number; Hard: number }[];
  ShmSize?: number;
  Runtime?: string;
  AutoRemove: boolean;
  Init: boolean;
  RestartPolicy: { Name: 'no' };
  OomScoreAdj?: number;
}

export interface ContainerInspection {
  Id: string;
  Name: string;
  State: { Status: string; Running: boolean; Pid: number; ExitCode: number; OOMKilled: boolean; Error: string };
  Config: { Labels: Record<string, string> | null };
}

export interface ContainerSummary {
  Id: string;
  Names: string[];
  Image: string;
  ImageID: string;
  Labels: Record<string, string>;
  State: string;
}

export interface ImageInspection {
  Id: string;
  RepoTags: string[] | null;
  Created: string;
  Size: number;
  Config: { Labels: Record<string, string> | null } | null;
}

export interface ImageSummary {
  Id: string;
  RepoTags: string[] | null;
  Labels: Record<string, string> | null;
  /** Seconds since 1970. */
  Created: number;
}

/** One line of a pull, import or build answer. */
export interface EngineProgress {
  status?: string;
  stream?: string;
  id?: string;
  error?: string;
  progressDetail?: { current?: number; total?: number };
  aux?: unknown;
}
