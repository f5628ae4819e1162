// Bundles every src/**/*.test.ts with Vite (already a dependency, so no test
// framework has to be fetched) and hands the result to Node's own test runner.
import { spawnSync } from "node:child_process";
import { readdirSync, rmSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const out = join(root, "node_modules", ".cache", "unit-tests");

function testFiles(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return testFiles(path);
    return entry.name.endsWith(".test.ts") ? [path] : [];
  });
}

const src = join(root, "src");
const input = Object.fromEntries(
  testFiles(src).map((path) => [relative(src, path).replace(/\.ts$/, "").replaceAll("/", "."), path]),
);
if (Object.keys(input).length === 0) throw new Error("no unit test was found under src/");

rmSync(out, { recursive: true, force: true });
await build({
  root,
  configFile: false,
  logLevel: "error",
  build: {
    ssr: true,
    target: "node18",
    outDir: out,
    rollupOptions: { input, output: { entryFileNames: "[name].mjs", chunkFileNames: "shared-[hash].mjs" } },
  },
});

const files = Object.keys(input).map((name) => join(out, `${name}.mjs`));
const run = spawnSync(process.execPath, ["--test", "--test-reporter=spec", ...files], { stdio: "inherit" });
process.exit(run.status ?? 1);
