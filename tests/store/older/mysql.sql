create table `user` (`id` varchar(255) not null primary key, `name` mediumtext not null, `email` varchar(255) not null unique, `emailVerified` boolean not null, `image` mediumtext, `createdAt` datetime(3) default CURRENT_TIMESTAMP(3) not null, `updatedAt` datetime(3) default CURRENT_TIMESTAMP(3) not null) engine=InnoDB default charset=utf8mb4 /*M! collate=utf8mb4_nopad_bin */ /*!80017 collate=utf8mb4_0900_bin */;

create table `session` (`id` varchar(255) not null primary key, `expiresAt` datetime(3) not null, `token` varchar(255) not null unique, `createdAt` datetime(3) default CURRENT_TIMESTAMP(3) not null, `updatedAt` datetime(3) not null, `ipAddress` mediumtext, `userAgent` mediumtext, `userId` varchar(255) not null, foreign key (`userId`) references `user` (`id`) on delete cascade) engine=InnoDB default charset=utf8mb4 /*M! collate=utf8mb4_nopad_bin */ /*!80017 collate=utf8mb4_0900_bin */;

create table `account` (`id` varchar(255) not null primary key, `accountId` mediumtext not null, `providerId` mediumtext not null, `userId` varchar(255) not null, `accessToken` mediumtext, `refreshToken` mediumtext, `idToken` mediumtext, `accessTokenExpiresAt` datetime(3), `refreshTokenExpiresAt` datetime(3), `scope` mediumtext, `password` mediumtext, `createdAt` datetime(3) default CURRENT_TIMESTAMP(3) not null, `updatedAt` datetime(3) not null, foreign key (`userId`) references `user` (`id`) on delete cascade) engine=InnoDB default charset=utf8mb4 /*M! collate=utf8mb4_nopad_bin */ /*!80017 collate=utf8mb4_0900_bin */;

create table `verification` (`id` varchar(255) not null primary key, `identifier` varchar(255) not null, `value` mediumtext not null, `expiresAt` datetime(3) not null, `createdAt` datetime(3) default CURRENT_TIMESTAMP(3) not null, `updatedAt` datetime(3) default CURRENT_TIMESTAMP(3) not null) engine=InnoDB default charset=utf8mb4 /*M! collate=utf8mb4_nopad_bin */ /*!80017 collate=utf8mb4_0900_bin */;

create table `doorward_outbox` (`id` varchar(255) not null primary key, `kind` mediumtext not null, `payload` longtext not null, `createdAt` datetime(3) not null, `availableAt` datetime(3) not null, `attempts` integer not null, `lastError` mediumtext) engine=InnoDB default charset=utf8mb4 /*M! collate=utf8mb4_nopad_bin */ /*!80017 collate=utf8mb4_0900_bin */;

create table `doorward_counter` (`id` varchar(255) not null primary key, `key` varchar(255) not null unique, `count` bigint not null, `endsAt` bigint not null) engine=InnoDB default charset=utf8mb4 /*M! collate=utf8mb4_nopad_bin */ /*!80017 collate=utf8mb4_0900_bin */;

create table `doorward_migration` (`id` varchar(255) not null primary key, `statement` mediumtext not null, `appliedAt` datetime(3) not null) engine=InnoDB default charset=utf8mb4 /*M! collate=utf8mb4_nopad_bin */ /*!80017 collate=utf8mb4_0900_bin */;

create index `session_userId_idx` on `session` (`userId`);

create index `account_userId_idx` on `account` (`userId`);

create index `verification_identifier_idx` on `verification` (`identifier`);

create index `doorward_outbox_availableAt_idx` on `doorward_outbox` (`availableAt`);

create index `doorward_counter_endsAt_idx` on `doorward_counter` (`endsAt`);
