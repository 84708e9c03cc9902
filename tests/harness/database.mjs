// One throw-away database, SQLite, PostgreSQL, MySQL or MariaDB, with the same three calls: run, all, drop.
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import Sqlite from "better-sqlite3";
import mysql from "mysql2/promise";
import pg from "pg";

pg.types.setTypeParser(pg.types.builtins.INT8, Number);
let made = 0;

/** kind: "sqlite" | "postgres" | "mysql". Statements use ? and SQLite's spelling; rows come back as SQLite would give them. */
export const freshDatabase = (kind) => ({ postgres: freshPostgres, mysql: freshMysql, sqlite: freshSqlite })[kind]();

/** In place of one: a server that keeps no rows. */
export const noDatabase = { kind: "none", url: "none", run: async () => {}, all: async () => [], drop: async () => {} };

function freshSqlite() {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), "doorward-db-"));
  const file = path.join(directory, "test.db");
  let connection;
  const open = () => {
    if (!connection) { connection = new Sqlite(file); connection.pragma("busy_timeout = 5000"); }
    return connection;
  };
  return {
    kind: "sqlite",
    url: `sqlite://${file}`,
    file,
    run: async (sql, ...values) => { open().prepare(sql).run(...values); },
    all: async (sql, ...values) => open().prepare(sql).all(...values),
    drop: async () => { connection?.close(); fs.rmSync(directory, { recursive: true, force: true }); },
  };
}

async function freshPostgres() {
  const admin = process.env.DOORWARD_TEST_POSTGRES_URL;
  if (!admin) throw new Error("DOORWARD_TEST_POSTGRES_URL is not set: run 'tests/postgres start' and export what it prints");
  const name = `doorward_test_${process.pid}_${++made}`;
  await once(admin, `create database ${name}`);
  const url = new URL(admin);
  url.pathname = `/${name}`;
  const pool = new pg.Pool({ connectionString: url.href, max: 1 });
  pool.on("error", () => {}); // dropping the database ends idle connections
  const query = async (sql, values) => (await pool.query(toPostgres(sql), values)).rows.map(asSqliteRow);
  return {
    kind: "postgres",
    url: url.href,
    run: async (sql, ...values) => { await query(sql, values); },
    all: async (sql, ...values) => query(sql, values),
    drop: async () => { await pool.end(); await once(admin, `drop database ${name} with (force)`); },
  };
}

async function freshMysql() {
  const admin = process.env.DOORWARD_TEST_MYSQL_URL;
  if (!admin) throw new Error("DOORWARD_TEST_MYSQL_URL is not set: run 'tests/mariadb start' and export what it prints");
  const name = `doorward_test_${process.pid}_${++made}`;
  const administer = async (sql) => {
    const connection = await mysql.createConnection(admin);
    try { await connection.query(sql); } finally { await connection.end(); }
  };
  await administer(`create database ${name}`);
  const url = new URL(admin);
  url.pathname = `/${name}`;
  const connection = await mysql.createConnection({ uri: url.href, timezone: "Z" });
  await connection.query("set sql_mode = concat(@@sql_mode, ',ANSI_QUOTES'), time_zone = '+00:00'");
  const query = async (sql, values) => {
    const [rows] = await connection.query(toMysql(sql), values.map(toMysqlValue));
    return Array.isArray(rows) ? rows.map(asSqliteRow) : [];
  };
  return {
    kind: "mysql",
    url: url.href,
    run: async (sql, ...values) => { await query(sql, values); },
    all: async (sql, ...values) => query(sql, values),
    drop: async () => { await connection.end(); await administer(`drop database ${name}`); },
  };
}

async function once(url, sql) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try { await client.query(sql); } finally { await client.end(); }
}

const BOOLEANS = /\b(emailVerified|twoFactorEnabled|banned|verified|enabled|backedUp|isAnonymous) = ([01])\b/g;

/** The few SQLite spellings the tests use, as MySQL writes them. */
const toMysql = (sql) => sql.replace(/\border by rowid\b/g, "order by createdAt").replace(/\b(user)\b(?=[^']*(?:'[^']*'[^']*)*$)/g, '"$1"');

/** It takes a moment without the letters of ISO 8601. */
const ISO_DATE = /^\d{4}-\d\d-\d\dT[\d:.]+Z$/;
const toMysqlValue = (value) => (typeof value === "string" && ISO_DATE.test(value) ? value.replace("T", " ").replace("Z", "") : value);

/** The few SQLite spellings the tests use, as PostgreSQL writes them. */
export function toPostgres(sql) {
  let n = 0;
  return sql
    .replace(/json_set\(value, '\$\.(\w+)', (\w+)\)/g, "jsonb_set(value::jsonb, '{$1}', '$2')::text")
    .replace(/\border by rowid\b/g, `order by createdAt`)
    .replace(BOOLEANS, (_, column, bit) => `${column} = ${bit === "1"}`)
    .split(/('[^']*')/)
    .map((part, i) => (i % 2 ? part : part.replace(/\b(user|[a-z]+[A-Z]\w*)\b/g, '"$1"').replace(/\?/g, () => `$${++n}`)))
    .join("");
}

function asSqliteRow(row) {
  return Object.fromEntries(Object.entries(row).map(([column, value]) => [column, asSqliteValue(value)]));
}

function asSqliteValue(value) {
  if (typeof value === "boolean") return Number(value);
  if (value instanceof Date) return value.toISOString();
  return value !== null && typeof value === "object" ? JSON.stringify(value) : value;
}
