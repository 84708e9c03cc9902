create table "user" ("id" text not null primary key, "name" text not null, "email" text not null unique, "emailVerified" integer not null, "image" text, "createdAt" date not null, "updatedAt" date not null);

create table "session" ("id" text not null primary key, "expiresAt" date not null, "token" text not null unique, "createdAt" date not null, "updatedAt" date not null, "ipAddress" text, "userAgent" text, "userId" text not null references "user" ("id") on delete cascade);

create table "account" ("id" text not null primary key, "accountId" text not null, "providerId" text not null, "userId" text not null references "user" ("id") on delete cascade, "accessToken" text, "refreshToken" text, "idToken" text, "accessTokenExpiresAt" date, "refreshTokenExpiresAt" date, "scope" text, "password" text, "createdAt" date not null, "updatedAt" date not null);

create table "verification" ("id" text not null primary key, "identifier" text not null, "value" text not null, "expiresAt" date not null, "createdAt" date not null, "updatedAt" date not null);

create table "doorward_outbox" ("id" text not null primary key, "kind" text not null, "payload" text not null, "createdAt" date not null, "availableAt" date not null, "attempts" integer not null, "lastError" text);

create table "doorward_counter" ("id" text not null primary key, "key" text not null unique, "count" bigint not null, "endsAt" bigint not null);

create table "doorward_migration" ("id" text not null primary key, "statement" text not null, "appliedAt" date not null);

create index "session_userId_idx" on "session" ("userId");

create index "account_userId_idx" on "account" ("userId");

create index "verification_identifier_idx" on "verification" ("identifier");

create index "doorward_outbox_availableAt_idx" on "doorward_outbox" ("availableAt");

create index "doorward_counter_endsAt_idx" on "doorward_counter" ("endsAt");
