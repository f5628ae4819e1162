// Starts and stops the servers that the page is looked at with: the real binary,
// or web/dev's stand-in for states that the binary cannot be brought into at will
// (a provider that limits us, answers out of order). Each takes a free port of
// the loopback and is ended by the test that started it.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const ADDRESS = /http:\/\/127\.0\.0\.1:\d+/;
const START_MS = 30_000;

export const BINARY = process.env.CRYPTOSTREAM_BINARY ?? join(ROOT, "build", "release", "cryptostream");

/** The built page: beside the binary that embeds it, else web/dist. */
function builtPage() {
  const beside = join(dirname(BINARY), "web");
  return existsSync(join(beside, "index.html")) ? beside : join(ROOT, "web", "dist");
}

export function startStandIn(...flags) {
  const script = join(ROOT, "web", "dev", "mock_server.mjs");
  return start(process.execPath, [script, "--port", "0", "--dist", builtPage(), ...flags]);
}

export function startBinary(...flags) {
  return start(BINARY, flags);
}

/** Out: the address once the server prints it, and stop(), which waits for its end. */
function start(command, args) {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
  const ended = new Promise((resolve) => child.once("close", resolve));
  let output = "";
  const stop = async () => {
    if (child.exitCode === null) child.kill("SIGTERM");
    await ended;
  };
  return new Promise((resolve, reject) => {
    const fail = (why) => void stop().then(() => reject(new Error(`${command} ${why}:\n${output}`)));
    const timer = setTimeout(() => fail("printed no address in time"), START_MS);
    const read = (chunk) => {
      output += chunk;
      const url = ADDRESS.exec(output)?.[0];
      if (!url) return;
      clearTimeout(timer);
      resolve({ url, stop, output: () => output });
    };
    child.stdout.on("data", read);
    child.stderr.on("data", read);
    child.once("error", (error) => reject(error));
    child.once("exit", (code) => {
      clearTimeout(timer);
      fail(`ended with ${code}`);
    });
  });
}
