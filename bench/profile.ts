/**
 * `node bench/profile.ts [plain]`: where the Worker's time goes while it registers users, by V8's sampling profiler through
 * workerd's inspector; by package,
 * by file and by function. `plain`: the baseline's instead.
 */
import { readFileSync } from "node:fs";
import { SourceMap } from "node:module";
import { join } from "node:path";
import { builtFrom, bundle } from "../dev/check/bundle.ts";
import { freePort } from "../dev/postgres.ts";
import { registerAtOnce } from "./load.ts";
import { startStage } from "./stage.ts";
import { startWorkerd } from "./workerd.ts";

/** What the inspector answers of a profile. https://chromedevtools.github.io/devtools-protocol/tot/Profiler/ */
interface Profile {
  readonly nodes: ReadonlyArray<{
    readonly id: number;
    readonly callFrame: {
      readonly functionName: string;
      readonly url: string;
      readonly lineNumber: number;
      readonly columnNumber: number;
    };
    readonly children?: ReadonlyArray<number>;
  }>;
  readonly samples: ReadonlyArray<number>;
  readonly timeDeltas: ReadonlyArray<number>;
}

const WARM_UP = 300;
const REGISTRATIONS = 600;
const AT_ONCE = 16;

/** Where it is built: its functions have their names there. */
const FOLDER = ".dev/profile";

const root = join(import.meta.dirname, "..");
const [which = "ours"] = process.argv.slice(2);
const [entry, options] =
  which === "plain"
    ? ["bench/baselines/plain.ts", ["--config", "bench/wrangler.toml"]]
    : ["src/worker.ts", ["--env", ""]];

/** Speaks with the inspector of one process. */
const inspect = async (port: number) => {
  const listed = await fetch(`http://127.0.0.1:${port}/json`);
  const [first] = (await listed.json()) as ReadonlyArray<{ readonly webSocketDebuggerUrl: string }>;
  const socket = new WebSocket(first?.webSocketDebuggerUrl ?? "");
  await new Promise((done) => socket.addEventListener("open", done, { once: true }));
  let last = 0;
  return {
    send: (method: string, params: object = {}): Promise<Record<string, unknown>> => {
      const id = ++last;
      return new Promise((done) => {
        socket.addEventListener("message", function heard({ data }) {
          const message = JSON.parse(String(data)) as { id?: number; result?: Record<string, unknown> };
          if (message.id !== id) return;
          socket.removeEventListener("message", heard);
          done(message.result ?? {});
        });
        socket.send(JSON.stringify({ id, method, params }));
      });
    },
    close: () => socket.close(),
  };
};

/** The package that a place of the bundle comes from, and the place in it. */
const sourcesOf = (script: string) => {
  const map = new SourceMap(JSON.parse(readFileSync(`${script}.map`, "utf8")));
  return (line: number, column: number): { readonly part: string; readonly file: string } => {
    const found = map.findEntry(line, column);
    const file = "originalSource" in found ? `${found.originalSource}:${found.originalLine + 1}` : "";
    const path = /node_modules\/((?:@[\w-]+\/)?[\w.-]+)\/(?!.*node_modules\/)(.*)$/.exec(file);
    if (path !== null) return { part: path[1] ?? "", file: path[2] ?? "" };
    const own = /(src|bench)\/.*$/.exec(file)?.[0];
    return { part: own === undefined ? "(native)" : own.split("/").slice(0, 2).join("/"), file: own ?? "" };
  };
};

const table = (title: string, times: ReadonlyMap<string, number>, whole: number, most: number): void => {
  console.log(`\n${title}`);
  for (const [name, time] of [...times].toSorted(([, a], [, b]) => b - a).slice(0, most))
    console.log(`  ${((100 * time) / whole).toFixed(1).padStart(5)} %  ${name}`);
};

await bundle(root, entry, [...options, "--minify=false"], FOLDER);
const stage = await startStage();
try {
  const script = builtFrom(root, entry, FOLDER);
  const inspector = await freePort();
  const worker = await startWorkerd({ script, env: stage.env, inspector });
  const target = { url: worker.url, token: stage.token };
  await registerAtOnce(target, WARM_UP, AT_ONCE);
  await stage.settled();
  const { send, close } = await inspect(inspector);
  await send("Profiler.enable");
  await send("Profiler.setSamplingInterval", { interval: 200 });
  await send("Profiler.start");
  const before = worker.cpu();
  await registerAtOnce(target, REGISTRATIONS, AT_ONCE);
  await stage.settled();
  console.log(
    `${((worker.cpu() - before) / REGISTRATIONS).toFixed(2)} ms a registration, under the profiler`,
  );
  const { profile } = (await send("Profiler.stop")) as unknown as { readonly profile: Profile };
  close();
  await worker.stop();

  const sourceOf = sourcesOf(script);
  const placeOf = ({ url, lineNumber, columnNumber }: Profile["nodes"][number]["callFrame"]) =>
    url === "" || lineNumber < 0 || url.startsWith("node") ? undefined : sourceOf(lineNumber, columnNumber);
  const parents = new Map(
    profile.nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id])),
  );
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  // What V8 and workerd do is done for whoever has called them.
  const callerOf = (id: number | undefined): { readonly part: string; readonly file: string } => {
    const node = id === undefined ? undefined : nodes.get(id);
    if (node === undefined) return { part: "(workerd)", file: "" };
    return placeOf(node.callFrame) ?? callerOf(parents.get(node.id));
  };
  const byPart = new Map<string, number>();
  const byFile = new Map<string, number>();
  const byFunction = new Map<string, number>();
  const whoWaits = new Map<string, number>();
  const add = (times: Map<string, number>, name: string, time: number) =>
    times.set(name, (times.get(name) ?? 0) + time);
  let whole = 0;
  for (const [n, id] of profile.samples.entries()) {
    const node = nodes.get(id);
    const time = profile.timeDeltas[n + 1] ?? 0;
    if (node === undefined || node.callFrame.functionName === "(idle)") continue;
    const place = placeOf(node.callFrame);
    const { part, file } = place ?? callerOf(parents.get(id));
    whole += time;
    add(byPart, part, time);
    add(byFile, `${part} ${file.replace(/:\d+$/, "")}`, time);
    const seen = new Set<string>();
    for (let at: number | undefined = id; at !== undefined; at = parents.get(at)) {
      const frame = nodes.get(at)?.callFrame;
      const where = frame === undefined ? undefined : placeOf(frame);
      if (where !== undefined)
        seen.add(`${frame?.functionName || "(anonymous)"}  ${where.part} ${where.file}`);
    }
    for (const one of seen) add(whoWaits, one, time);
    const name = node.callFrame.functionName || "(anonymous)";
    add(
      byFunction,
      place === undefined ? `${name}, native, for ${part} ${file}` : `${name}  ${part} ${file}`,
      time,
    );
  }
  table("By package", byPart, whole, 40);
  table("By file", byFile, whole, 60);
  table("By function", byFunction, whole, 60);
  table("By function, with what it calls", whoWaits, whole, 120);
} finally {
  await stage.stop();
}
