create table `user` (`id` varchar(255) not null primary key, `name` mediumtext not null, `email` varchar(255) not null unique, `emailVerified` boolean not null, `image` mediumtext, `createdAt` datetime(3) default CURRENT_TIMESTAMP(3) not null, `updatedAt` datetime(3) default CURRENT_TIMESTAMP(3) not null) engine=InnoDB default charset=utf8mb4 /*M! collate=utf8mb4_nopad_bin */ /*!80017 collate=utf8mb4_0900_bin */;

create table `session` (`id` varchar(255) not null primary key, `expiresAt` datetime(3) not null, `token` varchar(255) not null unique, `createdAt` datetime(3) default CURRENT_TIMESTAMP(3) not null, `updatedAt` datetime(3) not null, `ipAddress` mediumtext, `userAgent` mediumtext, `userId` varchar(255) not null, foreign key (`userId`) references `user` (`id`) on delete cascade) engine=InnoDB default charset=utf8mb4 /*M! collate=utf8mb4_nopad_bin */ /*!80017 collate=utf8mb4_0900_bin */;

create table `account` (`id` varchar(255) not null primary key, `accountId` mediumtext not null, `providerId` mediumtext not null, `userId` varchar(255) not null, `accessToken` mediumtext, `refreshToken` mediumtext, `idToken` mediumtext, `accessTokenExpiresAt` datetime(3), `refreshTokenExpiresAt` datetime(3), `scope` mediumtext, `password` mediumtext, `createdAt` datetime(3) default CURRENT_TIMESTAMP(3) not null, `updatedAt` datetime(3) not null, foreign key (`userId`) references `user` (`id`) on delete cascade) engine=InnoDB default charset=utf8mb4 /*M! collate=utf8mb4_nopad_bin */ /*!80017 collate=utf8mb4_0900_bin */;

create table `verification` (`id` varchar(255) not null primary key, `identifier` varchar(255) not null, `value` mediumtext not null, `expiresAt` datetime(3) not null, `createdAt` datetime(3) default CURRENT_TIMESTAMP(3) not null, `updatedAt` datetime(3) default CURRENT_TIMESTAMP(3) not null) engine=InnoDB default charset=utf8mb4 /*M! collate=utf8mb4_nopad_bin */ /*!80017 collate=utf8mb4_0900_bin */;

create table `doorward_outbox` (`id` varchar(255) not null primary key, `kind` mediumtext not null, `payload` longtext not null, `createdAt` datetime(3) not null, `availableAt` datetime(3) not null, `attempts` integer not null, `lastError` mediumtext) engine=InnoDB default charset=utf8mb4 /*M! collate=utf8mb4_nopad_bin */ /*!80017 collate=utf8mb4_0900_bin */;

create table `doorward_job` (`id` varchar(255) not null primary key, `kind` mediumtext not null, `payload` longtext not null, `createdAt` datetime(3) not null, `availableAt` datetime(3) not null, `attempts` integer not null, `lastError` mediumtext, `everySecs` bigint, `failedAt` datetime(3)) engine=InnoDB default charset=utf8mb4 /*M! collate=utf8mb4_nopad_bin */ /*!80017 collate=utf8mb4_0900_bin */;

create table `doorward_event` (`id` varchar(255) not null primary key, `kind` mediumtext not null, `payload` longtext not null, `createdAt` datetime(3) not null, `availableAt` datetime(3) not null, `attempts` integer not null, `lastError` mediumtext, `receiver` varchar(255) not null, `event` varchar(255) not null, `state` varchar(255) not null, `endedAt` datetime(3)) engine=InnoDB default charset=utf8mb4 /*M! collate=utf8mb4_nopad_bin */ /*!80017 collate=utf8mb4_0900_bin */;

create table `doorward_receiver` (`id` varchar(255) not null primary key, `position` bigint, `leasedUntil` datetime(3), `disabledAt` datetime(3), `reason` mediumtext) engine=InnoDB default charset=utf8mb4 /*M! collate=utf8mb4_nopad_bin */ /*!80017 collate=utf8mb4_0900_bin */;

create table `doorward_event_key` (`id` varchar(255) not null primary key, `kid` mediumtext not null, `algorithm` mediumtext not null, `public` mediumtext not null, `private` mediumtext not null, `createdAt` datetime(3) not null) engine=InnoDB default charset=utf8mb4 /*M! collate=utf8mb4_nopad_bin */ /*!80017 collate=utf8mb4_0900_bin */;

create table `doorward_counter` (`id` varchar(255) not null primary key, `key` varchar(255) not null unique, `count` bigint not null, `endsAt` bigint not null) engine=InnoDB default charset=utf8mb4 /*M! collate=utf8mb4_nopad_bin */ /*!80017 collate=utf8mb4_0900_bin */;

create table `doorward_audit` (`id` varchar(255) not null primary key, `seq` bigint not null unique, `createdAt` datetime(3) not null, `event` varchar(255) not null, `outcome` mediumtext not null, `status` integer, `code` mediumtext, `actorKind` mediumtext not null, `actor` varchar(255), `impersonatedBy` mediumtext, `target` varchar(255), `account` varchar(255), `session` mediumtext, `how` mediumtext, `method` mediumtext, `path` mediumtext, `client` mediumtext, `userAgent` mediumtext, `requestId` mediumtext, `details` mediumtext, `mac` mediumtext not null) engine=InnoDB default charset=utf8mb4 /*M! collate=utf8mb4_nopad_bin */ /*!80017 collate=utf8mb4_0900_bin */;

create table `doorward_audit_head` (`id` varchar(255) not null primary key, `first` bigint not null, `last` bigint not null, `anchor` mediumtext not null, `tip` mediumtext not null, `mac` mediumtext not null) engine=InnoDB default charset=utf8mb4 /*M! collate=utf8mb4_nopad_bin */ /*!80017 collate=utf8mb4_0900_bin */;

create table `doorward_setting` (`id` varchar(255) not null primary key, `key` varchar(255) not null unique, `value` mediumtext not null, `updatedAt` datetime(3) not null, `updatedBy` mediumtext) engine=InnoDB default charset=utf8mb4 /*M! collate=utf8mb4_nopad_bin */ /*!80017 collate=utf8mb4_0900_bin */;

create table `doorward_script_value` (`id` varchar(255) not null primary key, `script` varchar(255) not null, `userId` varchar(255), `key` mediumtext not null, `value` mediumtext not null, `updatedAt` datetime(3) not null, foreign key (`userId`) references `user` (`id`) on delete cascade) engine=InnoDB default charset=utf8mb4 /*M! collate=utf8mb4_nopad_bin */ /*!80017 collate=utf8mb4_0900_bin */;

create table `doorward_migration` (`id` varchar(255) not null primary key, `statement` mediumtext not null, `appliedAt` datetime(3) not null) engine=InnoDB default charset=utf8mb4 /*M! collate=utf8mb4_nopad_bin */ /*!80017 collate=utf8mb4_0900_bin */;

create index `user_createdAt_idx` on `user` (`createdAt`);

create index `session_expiresAt_idx` on `session` (`expiresAt`);

create index `session_userId_idx` on `session` (`userId`);

create index `account_userId_idx` on `account` (`userId`);

create index `verification_identifier_idx` on `verification` (`identifier`);

create index `verification_expiresAt_idx` on `verification` (`expiresAt`);

create index `doorward_outbox_availableAt_idx` on `doorward_outbox` (`availableAt`);

create index `doorward_job_availableAt_idx` on `doorward_job` (`availableAt`);

create index `doorward_event_availableAt_idx` on `doorward_event` (`availableAt`);

create index `doorward_event_receiver_idx` on `doorward_event` (`receiver`);

create index `doorward_event_event_idx` on `doorward_event` (`event`);

create index `doorward_event_state_idx` on `doorward_event` (`state`);

create index `doorward_counter_endsAt_idx` on `doorward_counter` (`endsAt`);

create index `doorward_audit_createdAt_idx` on `doorward_audit` (`createdAt`);

create index `doorward_audit_event_idx` on `doorward_audit` (`event`);

create index `doorward_audit_actor_idx` on `doorward_audit` (`actor`);

create index `doorward_audit_target_idx` on `doorward_audit` (`target`);

create index `doorward_audit_account_idx` on `doorward_audit` (`account`);

create index `doorward_script_value_script_idx` on `doorward_script_value` (`script`);

create index `doorward_script_value_userId_idx` on `doorward_script_value` (`userId`);
