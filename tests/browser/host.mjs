// A running host, the one that KEFU_TEST_HOST names (spin, or else workerd), which can be killed and started again.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

const ON_SPIN = process.env.KEFU_TEST_HOST === "spin";
/** Chromium's own offline switch leaves an event stream open that it has. */
const STREAMS_STAY = "the browser's offline switch cuts WebSockets only";
/** Stops may reach another instance than the one that writes: it has what was saved. */
const ELSEWHERE = "live text does not travel between instances yet";
/** Options of tests that the Spin host cannot pass, with why. */
export const offline = { skip: ON_SPIN && STREAMS_STAY };
export const live = { skip: ON_SPIN && ELSEWHERE };

const ADMIN_TOKEN = "dev-admin-token";

export class Host {
  #process;
  #lines;
  #sites = 0;

  static async start() {
    const host = new Host();
    host.#process = spawn(process.env.KEFU_HOST_PROGRAM, { stdio: ["pipe", "pipe", "inherit"] });
    host.#lines = createInterface({ input: host.#process.stdout })[Symbol.asyncIterator]();
    host.url = await host.#ready();
    return host;
  }

  /** Kills it as a crash would. */
  async kill() {
    this.#process.stdin.write("kill\n");
    await this.#lines.next();
  }

  /** Starts it on the same state and port. */
  async restart() {
    this.#process.stdin.write("restart\n");
    await this.#ready();
  }

  stop() {
    this.#process.stdin.end();
  }

  /** Configures a fresh site (TOML) and gives its id. */
  async site(config) {
    const id = `browser-${(this.#sites += 1)}`;
    const answered = await fetch(`${this.url}/v1/sites/${id}/config`, {
      method: "PUT",
      headers: { authorization: `Bearer ${ADMIN_TOKEN}`, "content-type": "application/toml" },
      body: config,
    });
    if (!answered.ok) throw new Error(await answered.text());
    return id;
  }

  async #ready() {
    const { value = "" } = await this.#lines.next();
    if (!value.startsWith("ready ")) throw new Error(`the host says: ${value}`);
    return value.slice("ready ".length);
  }
}
