// Decides from what clients asked and were answered, and from the rows that are there now, what a server broke of its promises.
//
// An operation: {name, user, start, end, outcome, …what it does}. `outcome` is "ok" (acknowledged), "refused" (the rules said no,
// so nothing changed) or "unknown" (503, or no answer: it may have happened, and may still happen later). What it does:
//   isStale: true         beside redeems: another change may have made the secret worthless
//   creates: true        makes the user          deletes: true     removes the user
//   sets: password       makes it the password   tried: [password] signs in with one of these
//   opens: token         opens this session      redeems: secret   uses this secret, which works once
//   ends: {all, except, tokens}                  ends these sessions of the user
//   saw: {token, alive}  looked at a session     bans: true, lifts: true
//   asksMail: id         a mail must leave for it
// Rows: {users: [{id, email, twoFactorEnabled}], accounts: [{userId}], sessions: [{userId, token}], twoFactors: [{userId}],
// mails: [id]}; null for what was not looked at.

/** Those of these users have no password: a mailed link made them. */
export const LINK_USER = "link-";

/** Every broken promise: {promise: "lost" | "half-done" | "revived" | "used twice", text}. */
export function check(history, rows = {}) {
  const operations = history.filter((operation) => operation.outcome !== "refused" || operation.tried || operation.redeems);
  const byUser = groups(operations, (operation) => operation.user);
  const broken = [...ofSecrets(operations), ...ofMails(operations, rows.mails), ...ofRows(byUser, rows)];
  for (const [user, own] of byUser) broken.push(...ofUser(user, own, rows), ...ofPasswords(user, own), ...ofSessions(user, own));
  return broken;
}

function groups(list, key) {
  const found = new Map();
  for (const item of list) {
    const name = key(item);
    if (name === undefined || name === null) continue;
    const group = found.get(name);
    if (group) group.push(item); else found.set(name, [item]);
  }
  return found;
}

const isOk = (operation) => operation.outcome === "ok";
const may = (operation) => operation.outcome !== "refused";
/** When its effect is there at the latest; what nobody answered may come at any time. */
const settled = (operation) => (isOk(operation) ? operation.end : Infinity);
const lost = (text) => ({ promise: "lost", text });
const revived = (text) => ({ promise: "revived", text });

function* ofSecrets(operations) {
  for (const [secret, tries] of groups(operations.filter((operation) => operation.redeems), (operation) => operation.redeems)) {
    const used = tries.filter(isOk).length;
    if (used > 1) yield { promise: "used twice", text: `${secret} worked ${used} times` };
    // Another change may have made it worthless.
    const isDead = tries.some((attempt) => attempt.isStale);
    if (used === 0 && !isDead && tries.every((attempt) => attempt.outcome === "refused")) yield lost(`${secret} never worked`);
  }
}

function* ofMails(operations, mails) {
  if (!mails) return;
  const sent = new Set(mails);
  for (const operation of operations) {
    if (operation.asksMail && isOk(operation) && !sent.has(operation.asksMail)) yield lost(`the mail ${operation.asksMail} for ${operation.user}`);
  }
}

function* ofRows(byUser, { users, accounts, sessions, twoFactors }) {
  if (!users || !accounts) return;
  const known = new Map(users.map((user) => [user.id, user]));
  const withAccount = new Set(accounts.map((account) => account.userId));
  const halfDone = (text) => ({ promise: "half-done", text });
  for (const user of users) {
    const own = byUser.get(user.email) ?? [];
    // A user of nobody's is none of the load's.
    if (own.length && !user.email.startsWith(LINK_USER) && !withAccount.has(user.id)) yield halfDone(`${user.email} has no account`);
    if (user.twoFactorEnabled && twoFactors && !twoFactors.some((row) => row.userId === user.id)) yield halfDone(`${user.email} has a second factor without its row`);
  }
  for (const [what, list] of [["account", accounts], ["session", sessions ?? []], ["second factor", twoFactors ?? []]]) {
    for (const row of list) if (!known.has(row.userId)) yield halfDone(`a ${what} of ${row.userId}, who is not there`);
  }
  if (!sessions) return;
  const count = groups(sessions, (session) => session.userId);
  for (const user of users) {
    const opened = count.get(user.id)?.length ?? 0;
    if (user.email.startsWith(LINK_USER) && opened > 1) yield { promise: "used twice", text: `the link of ${user.email} opened ${opened} sessions` };
  }
}

function* ofUser(email, own, { users }) {
  if (!users) return;
  const isThere = users.some((user) => user.email === email);
  const removal = own.find((operation) => operation.deletes && isOk(operation));
  if (own.some((operation) => operation.creates && isOk(operation)) && !isThere && !own.some((operation) => operation.deletes && may(operation))) yield lost(`the user ${email}`);
  if (removal && isThere && !own.some((operation) => operation.creates && operation.end > removal.start)) yield revived(`the removed user ${email}`);
}

function* ofPasswords(user, own) {
  const changes = own.filter((operation) => operation.sets && may(operation));
  const couldBe = (password, { start, end }) => changes.some((change) => change.sets === password && change.start < end && !changes.some((later) => later !== change && isOk(later) && later.start > settled(change) && later.end < start));
  const mustBe = (password, { start, end }) => changes.some((change) => change.sets === password && settled(change) < start && !changes.some((other) => other.sets !== password && other.start < end && settled(other) > change.start));
  const isIn = (operation) => isOk(operation) || operation.isChallenged;
  for (const operation of own.filter((operation) => operation.tried && operation.outcome !== "unknown")) {
    if (isIn(operation) && !operation.tried.some((password) => couldBe(password, operation))) yield lost(`${user} signs in with a password that was replaced (${operation.name} at ${operation.start})`);
    if (isIn(operation) || isShut(own, operation)) continue;
    if (operation.isAll && own.some((made) => made.creates && settled(made) < operation.start)) yield lost(`no password of ${user} works (${operation.name} at ${operation.start})`);
    else if (operation.tried.some((password) => mustBe(password, operation))) yield lost(`the password of ${user} does not work (${operation.name} at ${operation.start})`);
  }
}

/** Whether the user may have been removed or banned while this went on. */
function isShut(own, { start, end }) {
  return own.some((operation) => {
    if (!may(operation) || operation.start >= end) return false;
    if (operation.deletes) return true;
    return operation.bans && !own.some((lift) => lift.lifts && isOk(lift) && lift.start > settled(operation) && lift.end < start);
  });
}

function* ofSessions(user, own) {
  const endings = own.filter((operation) => may(operation) && (operation.ends || operation.deletes || operation.bans));
  const covers = (ending, token) => ending.deletes || ending.bans || (ending.ends.all && ending.ends.except !== token) || Boolean(ending.ends.tokens?.includes(token));
  const looks = groups(own.filter((operation) => operation.saw && isOk(operation)), (operation) => operation.saw.token);
  for (const opening of own.filter((operation) => operation.opens && isOk(operation))) {
    const shut = endings.find((ending) => (ending.bans || ending.deletes) && isOk(ending) && ending.end < opening.start && !own.some((lift) => (lift.lifts || lift.creates) && may(lift) && lift.end > ending.start && lift.start < opening.end));
    if (shut) yield revived(`${user} signs in although the user was shut out by ${shut.name} (${opening.name} at ${opening.start})`);
    for (const look of looks.get(opening.opens) ?? []) {
      const mine = endings.filter((ending) => covers(ending, opening.opens));
      const ended = mine.find((ending) => isOk(ending) && ending.start > opening.end && ending.end < look.start);
      if (look.saw.alive && ended) yield revived(`a session of ${user} that ${ended.name} had ended at ${ended.end} (seen at ${look.start})`);
      if (!look.saw.alive && look.start > opening.end && !mine.some((ending) => ending.start < look.end && settled(ending) > opening.start)) yield lost(`a session of ${user} (opened at ${opening.end}, missed at ${look.start})`);
    }
  }
}
