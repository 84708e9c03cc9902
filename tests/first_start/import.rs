//! `doorward import`: the exports of other servers, and sign-ins with the passwords that people had there.

use super::operator::{Folder, Running, answer};

const EXPORTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/first_start/exports/");
const PASSWORD: &str = "correct horse";

/// A folder with a database of an open server, and its exports beside it.
fn folder() -> Folder {
    let folder = Folder::new();
    folder.succeed(&["init"]);
    folder.append("[rate_limit]\nenabled = false\n[user.additional_fields]\nplan = { type = \"string\" }\n");
    folder.succeed(&["migrate"]);
    folder
}

fn import(folder: &Folder, from: &str, file: &str, more: &[&str]) -> (bool, String, String) {
    let file = format!("{EXPORTS}{file}");
    let arguments = [&["import", &file, "--from", from], more].concat();
    folder.run(&arguments, "")
}

fn sign_in(server: &Running, email: &str, password: &str) -> u16 {
    let body = format!(r#"{{"email":"{email}","password":"{password}"}}"#);
    answer(server, "POST", "/api/auth/sign-in/email", &body).status
}

#[test]
fn people_of_every_server_sign_in_as_before() {
    let folder = folder();
    let hash = format!("{EXPORTS}firebase-hash.txt");
    let firebase = ["--firebase-hash", hash.as_str()];
    for (from, file, more, sums) in [
        ("clerk", "clerk.csv", &[][..], "1 imported, 0 were there already, 0 refused\n"),
        ("firebase", "firebase.json", &firebase, "1 imported, 0 were there already, 0 refused\n"),
        ("keycloak", "realm.json", &[], "1 imported, 0 were there already, 0 refused\n"),
        ("cognito", "cognito.json", &[], "1 imported, 0 were there already, 0 refused\n"),
        ("csv", "people.csv", &[], "2 imported, 0 were there already, 3 refused\n"),
        ("jsonl", "people.jsonl", &[], "1 imported, 1 were there already, 2 refused\n"),
        ("auth0", "auth0.json", &[], "2 imported, 0 were there already, 1 refused\n"),
        ("supabase", "supabase.csv", &[], "1 imported, 0 were there already, 1 refused\n"),
    ] {
        let (succeeded, told, complaints) = import(&folder, from, file, more);
        assert_eq!(told, sums, "{from}: {complaints}");
        assert_eq!(succeeded, sums.ends_with(" 0 refused\n"), "{from}");
    }
    let listed = folder.succeed(&["user", "list"]);
    for person in [
        "\tcsv@example.com\tAda, of tables\tverified\t-\t-\t2023-01-31T12:00:00.123Z",
        "\tkeycloak@example.com\tKey Cloak\tverified\t-\t-\t2023-01-31T12:00:00.123Z",
        "\tsupabase@example.com\tSu Pa\tverified\t-\t-\t2023-01-31T12:00:00.123Z",
        "\tfirebase@example.com\tFire\tverified",
        "\tnone@example.com\tnone\t-\t",
    ] {
        assert!(listed.contains(person), "{person}: {listed}");
    }
    assert!(!listed.contains("banned@example.com"), "who was kept out there does not come in here");
    let server = folder.serve("serve");
    for name in ["csv", "jsonl", "auth0", "clerk", "supabase", "firebase", "keycloak"] {
        let email = format!("{name}@example.com");
        assert_eq!(sign_in(&server, &email, "wrong password"), 401, "{name}");
        // The second hash is this server's own.
        assert_eq!([sign_in(&server, &email, PASSWORD), sign_in(&server, &email, PASSWORD)], [200, 200], "{name}");
    }
    assert_eq!(sign_in(&server, "none@example.com", PASSWORD), 401);
}

#[test]
fn refusals_name_their_line_and_a_second_run_changes_nothing() {
    let folder = folder();
    let report = folder.path("report.tsv");
    let more = ["--report", report.to_str().unwrap()];
    let (_, told, _) = import(&folder, "csv", "people.csv", &["--dry-run"]);
    assert_eq!(told, "2 would be imported, 0 were there already, 3 refused\n");
    assert_eq!(folder.succeed(&["user", "list"]).lines().count(), 1, "the header alone");
    let (_, _, complaints) = import(&folder, "csv", "people.csv", &more);
    for line in [
        "line 3: \"no-address\" is no address of mail",
        "line 4: the line has more or fewer cells than there are names",
        "line 6: its password's hash ($9$unknown…) is of no known kind",
        "doorward: 3 could not be imported",
    ] {
        assert!(complaints.contains(line), "{line}: {complaints}");
    }
    let written = std::fs::read_to_string(&report).unwrap();
    let outcomes: Vec<_> = written.lines().map(|line| line.split('\t').take(2).collect::<Vec<_>>().join(" ")).collect();
    assert_eq!(outcomes, ["2 imported", "3 refused", "4 refused", "5 imported", "6 refused"]);
    let before = folder.succeed(&["user", "list"]);
    let (_, told, _) = import(&folder, "csv", "people.csv", &[]);
    assert_eq!(told, "0 imported, 2 were there already, 3 refused\n");
    assert_eq!(folder.succeed(&["user", "list"]), before);
}

#[test]
fn ids_are_kept_where_that_is_asked() {
    let folder = folder();
    import(&folder, "csv", "people.csv", &["--keep-ids"]);
    assert!(folder.succeed(&["user", "list"]).contains("old-1\tcsv@example.com"));
}

#[test]
fn files_of_another_kind_are_named() {
    let folder = folder();
    for (from, file, part) in [
        ("keycloak", "people.csv", "people.csv: expected"),
        ("firebase", "nowhere.json", "nowhere.json: No such file"),
        ("firebase", "cognito.json", "1 could not be imported"),
    ] {
        let (succeeded, _, complaints) = import(&folder, from, file, &[]);
        assert!(!succeeded && complaints.contains(part), "{from}: {complaints}");
    }
    let (succeeded, _, complaints) = import(&folder, "csv", "people.csv", &["--firebase-hash", "x"]);
    assert!(!succeeded && complaints.contains("--firebase-hash goes with --from firebase"), "{complaints}");
}
