//! The core schema as it stands in `migrations/`, compared with the models and with the reference's own statements.

use std::path::Path;
use std::{env, fs};

use doorward::store::{Backend, Schema, create_schema};

/// Indexes on the reference's tables that it does not have.
const OWN_INDEXES: [&str; 3] = ["user_createdAt_idx", "session_expiresAt_idx", "verification_expiresAt_idx"];

fn rendered(backend: Backend) -> Vec<String> {
    create_schema(&Schema::core(), backend)
}

/// `DOORWARD_WRITE_MIGRATIONS=1` writes the files anew.
#[test]
fn migration_files_are_the_models() {
    for (backend, folder) in [(Backend::Sqlite, "sqlite"), (Backend::Postgres, "postgres"), (Backend::Mysql, "mysql")] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../migrations").join(folder).join("0001_core.sql");
        let text = rendered(backend).join(";\n\n") + ";\n";
        if env::var("DOORWARD_WRITE_MIGRATIONS").is_ok() {
            fs::write(&path, &text).unwrap();
        }
        assert_eq!(
            fs::read_to_string(&path).unwrap(),
            text,
            "run with DOORWARD_WRITE_MIGRATIONS=1 and review the change"
        );
    }
}

#[test]
fn core_tables_are_the_references() {
    let cases = [
        (Backend::Sqlite, include_str!("better_auth/core.sqlite.sql")),
        (Backend::Postgres, include_str!("better_auth/core.postgres.sql")),
    ];
    for (backend, reference) in cases {
        let is_theirs = |sql: &String| !sql.contains("doorward_") && !OWN_INDEXES.iter().any(|name| sql.contains(name));
        let ours: Vec<String> = rendered(backend).into_iter().filter(is_theirs).collect();
        let theirs: Vec<&str> = reference.trim_end().trim_end_matches(';').split(";\n").collect();
        assert_eq!(ours, theirs);
    }
}
