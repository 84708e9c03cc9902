//! Copies of a SQLite database: whole while others write, and refused when they are not.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use doorward::store::{Models, Store, backup, eq};

use super::{Place, TestStore, on_sqlite, user};

fn file(place: &Place) -> PathBuf {
    PathBuf::from(place.url.strip_prefix("sqlite://").unwrap())
}

fn sibling(place: &Place, name: &str) -> PathBuf {
    file(place).with_file_name(name)
}

async fn opened(place: &Place, at: &Path) -> Store {
    let other = Place { url: format!("sqlite://{}", at.display()), ..place.clone() };
    other.core().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_made_while_a_server_writes_is_whole() {
    on_sqlite(async |place| {
        let store = Arc::new(place.core().await);
        let writing = {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                for number in 0..300 {
                    // Both or neither are in a copy.
                    let unit = store.begin().await.unwrap();
                    unit.insert(user(&store, &format!("a{number}"))).await.unwrap();
                    unit.insert(user(&store, &format!("b{number}"))).await.unwrap();
                    unit.commit().await.unwrap();
                }
            })
        };
        let copies = [sibling(&place, "1.db"), sibling(&place, "2.db"), sibling(&place, "3.db")];
        for copy in &copies {
            let (from, to) = (file(&place), copy.clone());
            tokio::task::spawn_blocking(move || backup::copy(&from, &to)).await.unwrap().unwrap();
        }
        writing.await.unwrap();
        for copy in &copies {
            #[cfg(unix)]
            assert_eq!(
                std::os::unix::fs::PermissionsExt::mode(&fs::metadata(copy).unwrap().permissions()) & 0o777,
                0o600
            );
            let count = opened(&place, copy).await.count_all("user").await;
            assert_eq!(count % 2, 0);
        }
        let last = sibling(&place, "last.db");
        backup::copy(&file(&place), &last).unwrap();
        assert_eq!(opened(&place, &last).await.count_all("user").await, 600);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_is_put_back_and_what_was_there_is_kept() {
    on_sqlite(async |place| {
        let copy = sibling(&place, "copy.db");
        {
            let store = place.core().await;
            store.insert(user(&store, "ada")).await.unwrap();
            backup::copy(&file(&place), &copy).unwrap();
            store.delete("user", &[eq("id", "ada")]).await.unwrap();
            let used = backup::restore(&copy, &file(&place), "user").unwrap_err().to_string();
            assert!(used.contains("stop it first"), "{used}");
            assert_eq!(store.count_all("user").await, 0, "nothing changed");
        }
        let kept = restored(&copy, &place).await.unwrap();
        assert_eq!(kept, sibling(&place, "test.db.before-restore"));
        assert_eq!(place.core().await.count_all("user").await, 1);
        assert_eq!(opened(&place, &kept).await.count_all("user").await, 0);
        let again = restored(&copy, &place).await.unwrap();
        assert_eq!(again, sibling(&place, "test.db.before-restore-2"));
    })
    .await;
}

/// The threads of a store that was dropped end soon.
async fn restored(copy: &Path, place: &Place) -> Option<PathBuf> {
    for _ in 0..200 {
        match backup::restore(copy, &file(place), "user") {
            Ok(kept) => return kept,
            Err(error) => assert!(error.to_string().contains("stop it first"), "{error}"),
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("the store stays open");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_damaged_or_of_something_else_is_refused() {
    on_sqlite(async |place| {
        let copy = sibling(&place, "copy.db");
        {
            let store = place.core().await;
            for number in 0..200 {
                store.insert(user(&store, &format!("u{number}"))).await.unwrap();
            }
            backup::copy(&file(&place), &copy).unwrap();
        }
        let refusal = |from: &Path| backup::restore(from, &file(&place), "user").unwrap_err().to_string();
        assert!(backup::copy(&file(&place), &copy).unwrap_err().to_string().contains("is there already"));
        assert!(refusal(&sibling(&place, "none.db")).contains("does not exist"));
        let text = sibling(&place, "text.db");
        fs::write(&text, "no database at all, but a text of more than a hundred letters".repeat(20)).unwrap();
        assert!(refusal(&text).contains("is no whole SQLite database"), "{}", refusal(&text));
        let mut bytes = fs::read(&copy).unwrap();
        let half = sibling(&place, "half.db");
        fs::write(&half, &bytes[..bytes.len() / 2]).unwrap();
        assert!(refusal(&half).contains("is no whole SQLite database"), "{}", refusal(&half));
        let middle = bytes.len() / 2;
        bytes[middle..middle + 4096].fill(0x5a);
        let hurt = sibling(&place, "hurt.db");
        fs::write(&hurt, &bytes).unwrap();
        assert!(refusal(&hurt).contains("is no whole SQLite database"), "{}", refusal(&hurt));
        let other = sibling(&place, "other.db");
        Place { url: format!("sqlite://{}", other.display()), ..place.clone() }
            .sql("create table notes (id text)")
            .await;
        assert!(refusal(&other).contains("of something else"), "{}", refusal(&other));
        assert_eq!(place.core().await.count_all("user").await, 200, "nothing changed");
    })
    .await;
}
