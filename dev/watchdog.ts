/**
 * Ends what this process started, even when this process is killed with SIGKILL and can end nothing itself.
 * A shell waits on a pipe that only we hold: when the pipe closes, it signals the child and removes its directory.
 * It runs as the child's own user, so it can never reach further than the child could. It does nothing while we live,
 * and `dismiss` ends it before the child's process id could be given to somebody else.
 */
import { type ChildProcess, spawn } from "node:child_process";

/** The user to run a child as; empty means our own. */
export interface RunAs {
  readonly uid?: number;
  readonly gid?: number;
}

/** What the watchdog does once this process is gone. */
export interface Duty extends RunAs {
  readonly signal: "QUIT" | "TERM" | "KILL";
  /** Signal the child's whole process group; the child has to be its leader (`detached`). */
  readonly group?: boolean;
  /** A directory to remove afterwards. */
  readonly remove?: string;
}

const script = `
read -r _
kill -s "$1" -- "$2" 2>/dev/null
for _ in 1 2 3 4 5 6 7 8 9 10; do kill -s 0 -- "$2" 2>/dev/null || break; sleep 0.2; done
[ -z "$3" ] || rm -rf -- "$3"
`;

/** Watches over a running child; the returned function ends the watch. */
export function watchdog(child: ChildProcess, duty: Duty): () => void {
  if (child.pid === undefined) return () => {};
  const victim = duty.group ? `-${child.pid}` : `${child.pid}`;
  const { uid, gid } = duty;
  const guard = spawn("/bin/sh", ["-c", script, "watchdog", duty.signal, victim, duty.remove ?? ""], {
    stdio: ["pipe", "ignore", "ignore"],
    // A Ctrl-C in the terminal reaches the whole foreground group, and the guard has to outlive us.
    detached: true,
    cwd: "/",
    ...(uid === undefined ? {} : { uid }),
    ...(gid === undefined ? {} : { gid }),
  });
  guard.on("error", () => {});
  guard.stdin.on("error", () => {});
  guard.unref();
  (guard.stdin as unknown as { unref?: () => void }).unref?.();
  const dismiss = () => void guard.kill("SIGKILL");
  child.once("exit", dismiss);
  return dismiss;
}
