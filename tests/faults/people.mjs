// The load: people who sign up, come and go, change their passwords, forget them, and all the while note what they were told.
import { LINK_USER } from "./checker.mjs";
import { sleep } from "./processes.mjs";

const SESSION = "better-auth.session_token";
const MAIL_LIMIT_MS = 3_000;

const tokenOf = (cookies) => {
  const value = cookies[SESSION];
  return value ? decodeURIComponent(value).split(".")[0] : undefined;
};

export class Person {
  constructor(world, number) {
    Object.assign(this, { world, email: `person-${number}@example.com`, password: `first password ${number}`, number, changes: 0, sessions: [], passwords: [], isDone: false, asked: false });
  }

  pick(list) { return list[Math.floor(this.world.random() * list.length)]; }
  next() { return `password ${this.number} number ${++this.changes}`; }
  ask(name, method, path, options, what, passwords) { return this.world.client.ask(name, { user: this.email, method, path, ...options }, what, passwords); }
  keep(answer) { if (answer.outcome === "ok" && tokenOf(answer.cookies)) this.sessions.push({ token: tokenOf(answer.cookies), cookies: answer.cookies }); }

  async live(steps) {
    await this.signUp();
    for (let i = 0; i < steps && !this.isDone && !this.world.isOver; i++) {
      await sleep(this.world.thinkMs * (0.5 + this.world.random()));
      await this.step();
    }
  }

  async step() {
    if (!this.sessions.length) return this.signIn();
    const dice = this.world.random();
    if (dice < 0.40) return this.look(this.pick(this.sessions));
    if (dice < 0.56) return this.signIn();
    if (dice < 0.66) return this.signOut();
    if (dice < 0.74) return this.changePassword();
    if (dice < 0.80) return this.revokeOne();
    if (dice < 0.84) return this.revoke("/revoke-other-sessions");
    if (dice < 0.87) return this.revoke("/revoke-sessions");
    if (dice < 0.92) return this.resetPassword();
    if (dice < 0.95) return this.beBanned();
    if (dice < 0.98) return this.secondFactor();
    return this.leave();
  }

  async signUp() {
    const { password, email } = this;
    this.passwords.push(password);
    const answer = await this.ask("sign-up", "POST", "/sign-up/email", { body: { name: "Ada", email, password } }, ({ cookies }) => ({ creates: true, sets: password, opens: tokenOf(cookies) }));
    this.keep(answer);
    this.id = answer.body?.user?.id;
    if (answer.outcome !== "ok") this.isDone = true;
  }

  async signIn() {
    const tried = [this.password];
    const answer = await this.ask("sign-in", "POST", "/sign-in/email", { body: { email: this.email, password: this.password } }, ({ cookies }) => ({ tried, opens: tokenOf(cookies) }));
    this.keep(answer);
    if (answer.outcome === "refused") this.isDone = true;
  }

  async look(session) {
    const answer = await this.ask("get-session", "GET", "/get-session", { session }, ({ body }) => ({ saw: { token: session.token, alive: Boolean(body?.session) } }));
    if (answer.outcome === "ok" && !answer.body?.session) this.forget([session.token]);
  }

  forget(tokens) { this.sessions = this.sessions.filter(({ token }) => !tokens.includes(token)); }

  async signOut() {
    const session = this.pick(this.sessions);
    const answer = await this.ask("sign-out", "POST", "/sign-out", { session, body: {} }, () => ({ ends: { tokens: [session.token] } }));
    if (answer.outcome === "ok") await this.look(session);
    this.forget([session.token]);
  }

  async changePassword() {
    const [session, newPassword, revokeOtherSessions] = [this.pick(this.sessions), this.next(), this.world.random() < 0.5];
    this.passwords.push(newPassword);
    const body = { currentPassword: this.password, newPassword, revokeOtherSessions };
    const answer = await this.ask("change-password", "POST", "/change-password", { session, body }, ({ cookies }) => {
      // The session that asks may be replaced.
      const opens = tokenOf(cookies);
      if (revokeOtherSessions) return { sets: newPassword, ends: { all: true, except: opens }, ...(opens ? { opens } : {}) };
      return { sets: newPassword, ...(opens && opens !== session.token ? { opens, ends: { tokens: [session.token] } } : {}) };
    });
    if (answer.outcome === "ok") {
      this.password = newPassword;
      const before = this.sessions;
      const replaced = tokenOf(answer.cookies);
      if (revokeOtherSessions) {
        this.sessions = [];
        for (const other of before.filter(({ token }) => token !== replaced).slice(0, 2)) await this.look(other);
      } else if (replaced && replaced !== session.token) this.forget([session.token]);
      this.keep(answer);
    } else if (answer.outcome === "unknown") this.isDone = true;
  }

  async revokeOne() {
    const [session, other] = [this.pick(this.sessions), this.pick(this.sessions)];
    const answer = await this.ask("revoke-session", "POST", "/revoke-session", { session, body: { token: other.token } }, () => ({ ends: { tokens: [other.token] } }));
    if (answer.outcome === "ok") await this.look(other);
    this.forget([other.token]);
  }

  async revoke(path) {
    const session = this.pick(this.sessions);
    const except = path === "/revoke-other-sessions" ? session.token : undefined;
    const answer = await this.ask(path.slice(1), "POST", path, { session, body: {} }, () => ({ ends: { all: true, except } }));
    const others = this.sessions.filter(({ token }) => token !== except);
    this.sessions = this.sessions.filter(({ token }) => token === except);
    if (answer.outcome === "ok") for (const other of others.slice(0, 3)) await this.look(other);
  }

  /** One link in one mail, followed by three at once with a password each. */
  async resetPassword() {
    if (this.asked) return;
    this.asked = true;
    const { email } = this;
    const mail = `${email} reset-password`;
    await this.ask("request-password-reset", "POST", "/request-password-reset", { body: { email, redirectTo: "/x" } }, () => ({ asksMail: mail }));
    const token = await this.world.mails.wait(mail, MAIL_LIMIT_MS);
    if (!token) return;
    const before = this.sessions;
    const tries = await Promise.all([1, 2, 3].map(async () => {
      const newPassword = this.next();
      this.passwords.push(newPassword);
      const answer = await this.ask("reset-password", "POST", "/reset-password", { body: { token, newPassword } }, ({ outcome }) => ({ redeems: mail, ...(outcome === "refused" ? {} : { sets: newPassword, ends: { all: true } }) }));
      return { newPassword, answer };
    }));
    this.sessions = [];
    const winner = tries.find(({ answer }) => answer.outcome === "ok");
    if (winner) this.password = winner.newPassword;
    if (!winner || tries.some(({ answer }) => answer.outcome === "unknown")) this.isDone = true;
    if (winner) for (const other of before.slice(0, 2)) await this.look(other);
  }

  async beBanned() {
    const { id, email, world } = this;
    if (!id) return;
    const before = this.sessions;
    this.sessions = [];
    const ban = await this.ask("ban-user", "POST", "/admin/ban-user", { session: world.admin, body: { userId: id } }, () => ({ bans: true }));
    for (const other of before.slice(0, 2)) await this.look(other);
    if (ban.outcome !== "ok") { this.isDone = true; return; }
    await this.ask("sign-in", "POST", "/sign-in/email", { body: { email, password: this.password } }, ({ cookies }) => ({ tried: [this.password], opens: tokenOf(cookies) }));
    const lift = await this.ask("unban-user", "POST", "/admin/unban-user", { session: world.admin, body: { userId: id } }, () => ({ lifts: true }));
    if (lift.outcome !== "ok") this.isDone = true;
  }

  /** Switches it on; then three at once use one backup code. */
  async secondFactor() {
    const session = this.pick(this.sessions);
    const on = await this.ask("enable two-factor", "POST", "/two-factor/enable", { session, body: { password: this.password } }, ({ cookies, outcome }) => {
      const opens = tokenOf(cookies);
      const isReplaced = outcome === "unknown" || (opens && opens !== session.token);
      return isReplaced ? { opens, ends: { tokens: [session.token] } } : {};
    });
    // From now on a sign-in takes two steps: this person does nothing else.
    this.isDone = true;
    const code = on.body?.backupCodes?.[0];
    if (on.outcome !== "ok" || !code) return;
    const waiting = await Promise.all([1, 2, 3].map(() => this.ask("sign-in", "POST", "/sign-in/email", { body: { email: this.email, password: this.password } }, ({ cookies, body }) => ({ tried: [this.password], opens: tokenOf(cookies), isChallenged: Boolean(body?.twoFactorRedirect) }))));
    const challenged = waiting.filter(({ body }) => body?.twoFactorRedirect);
    const secret = `backup code of ${this.email}`;
    const used = await Promise.all(challenged.map(({ cookies }) => this.ask("verify-backup-code", "POST", "/two-factor/verify-backup-code", { session: { cookies }, body: { code } }, ({ cookies, body }) => ({
      // A clock that steps ends what the cookie stands for: then nobody looked at the code.
      ...(body?.code === "INVALID_TWO_FACTOR_COOKIE" ? {} : { redeems: secret }),
      opens: tokenOf(cookies),
    }))));
    used.forEach((answer) => this.keep(answer));
  }

  async leave() {
    const [session, { sessions, password }] = [this.pick(this.sessions), this];
    this.isDone = true;
    const answer = await this.ask("delete-user", "POST", "/delete-user", { session, body: { password } }, () => ({ deletes: true }));
    if (answer.outcome !== "ok") return;
    for (const other of sessions.slice(0, 2)) await this.look(other);
    await this.ask("sign-in", "POST", "/sign-in/email", { body: { email: this.email, password } }, ({ cookies }) => ({ tried: [password], opens: tokenOf(cookies) }));
  }

  /** When all is quiet: does one of the passwords work, and which sessions live? */
  async settle() {
    const tried = [...this.passwords].reverse();
    await this.ask("settle", "POST", "/sign-in/email", { body: { email: this.email, password: this.password } }, ({ body, cookies }) => ({ tried, isAll: true, opens: tokenOf(cookies), isChallenged: Boolean(body?.twoFactorRedirect) }), tried);
    for (const session of this.sessions) await this.look(session);
  }
}

/** Follows a link that makes the user: three at once, and one of them is in. */
export async function followLink(world, number) {
  const user = `${LINK_USER}${number}@example.com`;
  const mail = `${user} magic-link`;
  await world.client.ask("ask for a link", { user, method: "POST", path: "/sign-in/magic-link", body: { email: user, name: "Link" } }, () => ({ asksMail: mail }));
  const token = await world.mails.wait(mail, MAIL_LIMIT_MS);
  if (!token) return;
  const opened = await Promise.all([1, 2, 3].map(() => world.client.ask("follow a link", { user, method: "GET", path: `/magic-link/verify?token=${encodeURIComponent(token)}` }, ({ cookies, outcome }) => ({ redeems: mail, ...(outcome === "refused" ? {} : { opens: tokenOf(cookies) }) }))));
  const session = opened.find(({ outcome }) => outcome === "ok");
  if (session) await world.client.ask("get-session", { user, method: "GET", path: "/get-session", session: { cookies: session.cookies, token: tokenOf(session.cookies) } }, ({ body }) => ({ saw: { token: tokenOf(session.cookies), alive: Boolean(body?.session) } }));
}

/** So many at once, one life after another, until the world is over; returns everybody who lived. */
export async function populate(world, count) {
  const all = [];
  const seat = async () => {
    while (!world.isOver) {
      const number = ++world.people;
      if (world.random() < 0.2) { await followLink(world, number); continue; }
      const person = new Person(world, number);
      all.push(person);
      await person.live(8 + Math.floor(world.random() * 16));
    }
  };
  await Promise.all(Array.from({ length: count }, seat));
  return all;
}
