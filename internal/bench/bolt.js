// Bolt for JavaScript doing what the bare server does: it verifies a press, does
// one INSERT, and acknowledges.
const { App, HTTPReceiver, LogLevel } = require("@slack/bolt");
const { createHash } = require("node:crypto");
const mysql = require("mysql2/promise");

const settings = JSON.parse(process.env.AKARI_BENCH_BOLT);
const pool = mysql.createPool({ ...settings.database, connectionLimit: 32 });
const app = new App({
  receiver: new HTTPReceiver({ signingSecret: settings.secret, endpoints: ["/hooks/slack/interactions"], processBeforeResponse: true, logLevel: LogLevel.ERROR }),
  authorize: async () => ({ botToken: "xoxb-bench", botId: "B0BOT", botUserId: "U0BOT" }),
  logLevel: LogLevel.ERROR,
});
app.action(/.*/, async ({ ack, body }) => {
  const text = JSON.stringify(body);
  await pool.query("INSERT INTO bare (source_key, body, received_at) VALUES (?, ?, ?)", [createHash("sha256").update(text).digest(), text, new Date()]);
  await ack();
});
app.start({ port: settings.port, host: "127.0.0.1" });
