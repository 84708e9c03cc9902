create table "user" ("id" text not null primary key, "name" text not null, "email" text not null unique, "emailVerified" boolean not null, "image" text, "createdAt" timestamptz default CURRENT_TIMESTAMP not null, "updatedAt" timestamptz default CURRENT_TIMESTAMP not null);

create table "session" ("id" text not null primary key, "expiresAt" timestamptz not null, "token" text not null unique, "createdAt" timestamptz default CURRENT_TIMESTAMP not null, "updatedAt" timestamptz not null, "ipAddress" text, "userAgent" text, "userId" text not null references "user" ("id") on delete cascade);

create table "account" ("id" text not null primary key, "accountId" text not null, "providerId" text not null, "userId" text not null references "user" ("id") on delete cascade, "accessToken" text, "refreshToken" text, "idToken" text, "accessTokenExpiresAt" timestamptz, "refreshTokenExpiresAt" timestamptz, "scope" text, "password" text, "createdAt" timestamptz default CURRENT_TIMESTAMP not null, "updatedAt" timestamptz not null);

create table "verification" ("id" text not null primary key, "identifier" text not null, "value" text not null, "expiresAt" timestamptz not null, "createdAt" timestamptz default CURRENT_TIMESTAMP not null, "updatedAt" timestamptz default CURRENT_TIMESTAMP not null);

create table "doorward_outbox" ("id" text not null primary key, "kind" text not null, "payload" jsonb not null, "createdAt" timestamptz not null, "availableAt" timestamptz not null, "attempts" integer not null, "lastError" text);

create table "doorward_job" ("id" text not null primary key, "kind" text not null, "payload" jsonb not null, "createdAt" timestamptz not null, "availableAt" timestamptz not null, "attempts" integer not null, "lastError" text, "everySecs" bigint, "failedAt" timestamptz);

create table "doorward_event" ("id" text not null primary key, "kind" text not null, "payload" jsonb not null, "createdAt" timestamptz not null, "availableAt" timestamptz not null, "attempts" integer not null, "lastError" text, "receiver" text not null, "event" text not null, "state" text not null, "endedAt" timestamptz);

create table "doorward_receiver" ("id" text not null primary key, "position" bigint, "leasedUntil" timestamptz, "disabledAt" timestamptz, "reason" text);

create table "doorward_event_key" ("id" text not null primary key, "kid" text not null, "algorithm" text not null, "public" text not null, "private" text not null, "createdAt" timestamptz not null);

create table "doorward_counter" ("id" text not null primary key, "key" text not null unique, "count" bigint not null, "endsAt" bigint not null);

create table "doorward_audit" ("id" text not null primary key, "seq" bigint not null unique, "createdAt" timestamptz not null, "event" text not null, "outcome" text not null, "status" integer, "code" text, "actorKind" text not null, "actor" text, "impersonatedBy" text, "target" text, "account" text, "session" text, "how" text, "method" text, "path" text, "client" text, "userAgent" text, "requestId" text, "details" text, "mac" text not null);

create table "doorward_audit_head" ("id" text not null primary key, "first" bigint not null, "last" bigint not null, "anchor" text not null, "tip" text not null, "mac" text not null);

create table "doorward_setting" ("id" text not null primary key, "key" text not null unique, "value" text not null, "updatedAt" timestamptz not null, "updatedBy" text);

create table "doorward_script_value" ("id" text not null primary key, "script" text not null, "userId" text references "user" ("id") on delete cascade, "key" text not null, "value" text not null, "updatedAt" timestamptz not null);

create table "doorward_migration" ("id" text not null primary key, "statement" text not null, "appliedAt" timestamptz not null);

create index "user_createdAt_idx" on "user" ("createdAt");

create index "session_expiresAt_idx" on "session" ("expiresAt");

create index "session_userId_idx" on "session" ("userId");

create index "account_userId_idx" on "account" ("userId");

create index "verification_identifier_idx" on "verification" ("identifier");

create index "verification_expiresAt_idx" on "verification" ("expiresAt");

create index "doorward_outbox_availableAt_idx" on "doorward_outbox" ("availableAt");

create index "doorward_job_availableAt_idx" on "doorward_job" ("availableAt");

create index "doorward_event_availableAt_idx" on "doorward_event" ("availableAt");

create index "doorward_event_receiver_idx" on "doorward_event" ("receiver");

create index "doorward_event_event_idx" on "doorward_event" ("event");

create index "doorward_event_state_idx" on "doorward_event" ("state");

create index "doorward_counter_endsAt_idx" on "doorward_counter" ("endsAt");

create index "doorward_audit_createdAt_idx" on "doorward_audit" ("createdAt");

create index "doorward_audit_event_idx" on "doorward_audit" ("event");

create index "doorward_audit_actor_idx" on "doorward_audit" ("actor");

create index "doorward_audit_target_idx" on "doorward_audit" ("target");

create index "doorward_audit_account_idx" on "doorward_audit" ("account");

create index "doorward_script_value_script_idx" on "doorward_script_value" ("script");

create index "doorward_script_value_userId_idx" on "doorward_script_value" ("userId");
