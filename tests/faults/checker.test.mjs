// Histories made by hand: those of a server that keeps its promises pass, each broken promise is found.
import { describe, expect, test } from "vitest";
import { check } from "./checker.mjs";

const ADA = "ada@example.com";
let clock = 0;
/** An operation after all those before it. */
const done = (name, what, outcome = "ok") => ({ name, user: ADA, start: ++clock, end: ++clock, outcome, ...what });
const unknown = (name, what) => done(name, what, "unknown");
const refused = (name, what) => done(name, what, "refused");
const signUp = (outcome) => done("sign-up", { creates: true, sets: "p1", opens: "t1" }, outcome);
const whole = { users: [{ id: "1", email: ADA }], accounts: [{ userId: "1" }], sessions: [], twoFactors: [] };
const promises = (history, rows) => check(history, rows).map((broken) => broken.promise);

describe("kept promises", () => {
  test.each([
    ["an ordinary life", [signUp(), done("look", { saw: { token: "t1", alive: true } }), done("sign-out", { ends: { tokens: ["t1"] } }), done("look", { saw: { token: "t1", alive: false } }), done("sign-in", { tried: ["p1"], opens: "t2" })], whole],
    ["a sign-up without an answer that did not happen", [signUp("unknown")], { users: [], accounts: [] }],
    ["a sign-up without an answer that did happen", [signUp("unknown")], whole],
    ["a change without an answer, before", [signUp(), unknown("change", { sets: "p2" }), done("sign-in", { tried: ["p1"], opens: "t2" })], whole],
    ["a change without an answer, after", [signUp(), unknown("change", { sets: "p2" }), refused("sign-in", { tried: ["p1"] })], whole],
    ["an end without an answer that came late", [signUp(), unknown("sign-out", { ends: { tokens: ["t1"] } }), done("look", { saw: { token: "t1", alive: true } }), done("look", { saw: { token: "t1", alive: false } })], whole],
    ["the session that stays", [signUp(), done("sign-in", { tried: ["p1"], opens: "t2" }), done("revoke-others", { ends: { all: true, except: "t2" } }), done("look", { saw: { token: "t2", alive: true } }), done("look", { saw: { token: "t1", alive: false } })], whole],
    ["a secret for one of three", [refused("reset", { redeems: "s" }), done("reset", { redeems: "s" }), unknown("reset", { redeems: "s" })], {}],
    ["a secret whose one use has no answer", [unknown("reset", { redeems: "s" }), refused("reset", { redeems: "s" })], {}],
    ["a secret that another change made worthless", [refused("reset", { redeems: "s", isStale: true })], {}],
    ["a removed user", [signUp(), done("delete", { deletes: true }), refused("sign-in", { tried: ["p1"] })], { users: [], accounts: [] }],
    ["a ban and its end", [signUp(), done("ban", { bans: true }), refused("sign-in", { tried: ["p1"] }), done("unban", { lifts: true }), done("sign-in", { tried: ["p1"], opens: "t2" })], whole],
  ])("%s", (_, history, rows) => expect(check(history, rows)).toEqual([]));
});

describe("broken promises", () => {
  test.each([
    ["an acknowledged user is not there", "lost", [signUp()], { users: [], accounts: [] }],
    ["an acknowledged password does not work", "lost", [signUp(), done("change", { sets: "p2" }), refused("sign-in", { tried: ["p2"] })], whole],
    ["the password before works again", "lost", [signUp(), done("change", { sets: "p2" }), done("sign-in", { tried: ["p1"], opens: "t2" })], whole],
    ["neither the password before nor the one after works", "lost", [signUp(), unknown("change", { sets: "p2" }), refused("sign-in", { tried: ["p1", "p2"], isAll: true })], whole],
    ["an acknowledged session is not there", "lost", [signUp(), done("look", { saw: { token: "t1", alive: false } })], whole],
    ["an acknowledged mail never left", "lost", [done("forget", { asksMail: "m1" })], { mails: [] }],
    ["a secret works for nobody", "lost", [refused("reset", { redeems: "s" }), refused("reset", { redeems: "s" })], {}],
    ["a user without an account", "half-done", [signUp("unknown")], { ...whole, accounts: [] }],
    ["an account without a user", "half-done", [signUp("unknown")], { ...whole, users: [] }],
    ["a session without a user", "half-done", [signUp()], { ...whole, sessions: [{ userId: "2", token: "x" }] }],
    ["a second factor without its row", "half-done", [signUp()], { ...whole, users: [{ id: "1", email: ADA, twoFactorEnabled: true }] }],
    ["a secret that works twice", "used twice", [done("reset", { redeems: "s" }), done("reset", { redeems: "s" })], {}],
    ["a link that opened two sessions", "used twice", [done("link", { user: "link-1@x", redeems: "s" })], { users: [{ id: "1", email: "link-1@x" }], accounts: [], sessions: [{ userId: "1", token: "a" }, { userId: "1", token: "b" }] }],
    ["a session after its sign-out", "revived", [signUp(), done("sign-out", { ends: { tokens: ["t1"] } }), done("look", { saw: { token: "t1", alive: true } })], whole],
    ["a session after the end of all others", "revived", [signUp(), done("sign-in", { tried: ["p1"], opens: "t2" }), done("revoke-others", { ends: { all: true, except: "t2" } }), done("look", { saw: { token: "t1", alive: true } })], whole],
    ["a session after a ban", "revived", [signUp(), done("ban", { bans: true }), done("look", { saw: { token: "t1", alive: true } })], whole],
    ["a sign-in while banned", "revived", [signUp(), done("ban", { bans: true }), done("sign-in", { tried: ["p1"], opens: "t2" })], whole],
    ["a removed user is there again", "revived", [signUp(), done("delete", { deletes: true })], whole],
  ])("%s", (_, promise, history, rows) => expect(promises(history, rows)).toEqual([promise]));
});
