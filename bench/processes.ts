/** The processes that are measured, and what Linux tells of them: time of the processor, and memory. */
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";

/** Linux counts a process' time in hundredths of a second, whatever the machine. */
const TICK_MS = 10;

interface Stat {
  readonly parent: number;
  readonly own: number;
  readonly waited: number;
}

/** `/proc/<pid>/stat`, https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html; undefined where it has ended. */
const statOf = (pid: number): Stat | undefined => {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name, in brackets, may hold anything.
    const fields = text
      .slice(text.lastIndexOf(")") + 2)
      .split(" ")
      .map(Number);
    const [, parent = 0] = fields;
    const ticks = (from: number) => ((fields[from] ?? 0) + (fields[from + 1] ?? 0)) * TICK_MS;
    return { parent, own: ticks(11), waited: ticks(13) };
  } catch {
    return undefined;
  }
};

/** How long the threads of a process have used the processor, in milliseconds. */
const cpuOf = (pid: number): number =>
  readdirSync(`/proc/${pid}/task`).reduce((sum, thread) => {
    // https://www.kernel.org/doc/html/latest/scheduler/sched-stats.html: nanoseconds.
    const text = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8");
    return sum + Number(text.split(" ")[0]) / 1e6;
  }, 0);

/** The same of a process and its children, also those that have ended; in steps of ten. */
export const cpuOfFamily = (pid: number): number => {
  const stat = statOf(pid);
  if (stat === undefined) throw new Error(`process ${pid} has ended`);
  const others = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((name) => statOf(Number(name)))
    .filter((other) => other?.parent === pid);
  return others.reduce((sum, other) => sum + (other?.own ?? 0), stat.own + stat.waited);
};

/** The memory that a process holds (VmRSS), in MiB; the most that it has held (VmHWM) besides. */
const memoryOf = (pid: number): { readonly now: number; readonly most: number } => {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const mib = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(status)?.[1] ?? 0) / 1024;
  return { now: mib("VmRSS"), most: mib("VmHWM") };
};

/** A running subject: a process that answers. */
export interface Running {
  readonly url: string;
  readonly pid: number;
  /** Time of the processor since the start, in milliseconds. */
  readonly cpu: () => number;
  readonly memory: () => ReturnType<typeof memoryOf>;
  readonly stop: () => Promise<void>;
}

/** A process that listens on a port of this machine. */
export const running = (child: ChildProcess, port: number): Running => {
  const pid = child.pid ?? 0;
  return {
    url: `http://127.0.0.1:${port}`,
    pid,
    cpu: () => cpuOf(pid),
    memory: () => memoryOf(pid),
    stop: async () => {
      child.kill("SIGKILL");
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    },
  };
};
