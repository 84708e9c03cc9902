//! Compiled components on disk, in a private folder, each authenticated before it is loaded.
//!
//! Invariant: bytes from the folder reach the engine only when their HMAC under a key of one of the server's secrets is right
//! for this component, this engine and these settings. Anything else is made again: from the machine code that the binary
//! carries, or by compiling.

use std::fs::{self, File};
use std::hash::{Hash, Hasher};
use std::io::{Read, Seek};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use wasmtime::Engine;
use wasmtime::component::Component;

use crate::crypto::purpose::Purpose;
use crate::crypto::seal::Secrets;
use crate::crypto::secret::Secret;
use crate::crypto::{constant_time_eq, hmac_sha256, sha256};
use crate::files::write_whole;
use crate::plugin_host::package::{bundle, file};

const TAG_BYTES: u64 = 32;
/// Of the form of entries: another one has other names.
const FORM: u8 = 2;
/// Where Linux shows what a process has opened.
const DESCRIPTORS: &str = "/proc/self/fd";

/// The folder of compiled components.
pub(in crate::plugin_host) struct Cache {
    /// None when the folder is not private: then nothing is read or written.
    folder: Option<PathBuf>,
    /// That of the current secret first.
    keys: Vec<Secret<Vec<u8>>>,
}

impl Cache {
    /// The cache in `folder`, which is made when it is missing; without one, components are always compiled.
    pub(in crate::plugin_host) fn open(folder: Option<&Path>, secrets: &Secrets) -> Self {
        let keys = secrets.iter().map(|secret| Purpose::CompiledComponents.key(secret)).collect();
        let folder = folder.and_then(|folder| match make_private(folder) {
            Ok(()) => Some(folder.to_owned()),
            Err(error) => {
                tracing::warn!(folder = %folder.display(), %error, "compiled plugins are not kept");
                None
            }
        });
        Self { folder, keys }
    }

    /// The compiled form of `component`, whose SHA-256 in hex is given: from the folder if it is there, genuine and fitting,
    /// from the binary if that carries it for this engine and processor, and else from the compiler.
    ///
    /// # Errors
    /// When the engine refuses the component, or the binary that carries it was damaged.
    pub(in crate::plugin_host) fn load(
        &self,
        engine: &Engine,
        component: &file::Component,
        sha256: &str,
    ) -> wasmtime::Result<Component> {
        let name = entry_name(engine, sha256);
        if let Some(loaded) = self.map(engine, &name).or_else(|| self.carried(engine, &name, sha256)) {
            return Ok(loaded);
        }
        self.keep(engine, &name, &engine.precompile_component(&component.bytes()?)?)
    }

    /// The component of the machine code in the binary.
    fn carried(&self, engine: &Engine, name: &str, sha256: &str) -> Option<Component> {
        let code =
            bundle::code_of(sha256).inspect_err(|error| tracing::warn!(%error, "a plugin is compiled")).ok()??;
        let loaded = self.keep(engine, name, &code);
        loaded.inspect_err(|error| tracing::info!(%error, "a plugin is compiled for this processor")).ok()
    }

    /// Keeps machine code and loads it. It must be this process's own: made by its engine or part of the program.
    fn keep(&self, engine: &Engine, name: &str, code: &[u8]) -> wasmtime::Result<Component> {
        if let Err(error) = self.write(name, code) {
            tracing::warn!(%error, "a compiled plugin could not be kept");
        } else if let Some(loaded) = self.map(engine, name) {
            return Ok(loaded);
        }
        // SAFETY: the engine made these bytes just now, or they are part of the program as its own instructions are: who can
        // change the one can change the other. Those of another engine or processor are refused by what stands in them.
        #[expect(unsafe_code, reason = "the bytes come from the engine or from the program itself")]
        unsafe {
            Component::deserialize(engine, code)
        }
    }

    /// The component of a genuine entry. Its file is mapped, so that only code that runs takes memory.
    fn map(&self, engine: &Engine, name: &str) -> Option<Component> {
        let file = self.genuine(name)?;
        // By its descriptor: what was checked is what is mapped, whoever takes the name meanwhile.
        let path = by_descriptor(&file);
        // SAFETY: the engine must get only what it made itself. The tag, keyed by the server's secret, shows that this
        // process's kind wrote these bytes for this component, engine version and settings. Entries are never written in place,
        // and only this user, who could change the program as well, may write into the folder.
        #[expect(unsafe_code, reason = "loading compiled code is unsafe by nature; the tag was checked")]
        let loaded = unsafe {
            match path {
                Some(path) => Component::deserialize_file(engine, path),
                None => whole(&file).map_err(Into::into).and_then(|bytes| Component::deserialize(engine, bytes)),
            }
        };
        loaded.inspect_err(|error| tracing::warn!(%error, "a compiled plugin does not fit and is made again")).ok()
    }

    /// The file of an entry, if its tag, which stands behind the compiled form, is right.
    fn genuine(&self, name: &str) -> Option<File> {
        let path = self.folder.as_ref()?.join(name);
        let file = File::open(&path).ok()?;
        let length = file.metadata().ok()?.len().saturating_sub(TAG_BYTES);
        let mut digest = Sha256::new();
        let mut rest = (&file).take(length);
        let mut buffer = vec![0; 64 << 10];
        loop {
            match rest.read(&mut buffer).ok()? {
                0 => break,
                count => digest.update(buffer.get(..count)?),
            }
        }
        let mut tag = Vec::new();
        (&file).read_to_end(&mut tag).ok()?;
        let digest = digest.finalize();
        if self.keys.iter().any(|key| constant_time_eq(&tag, &tag_of(key, name, &digest))) {
            return Some(file);
        }
        tracing::warn!(
            path = %path.display(),
            "a compiled plugin is made again: another secret than those of the configuration stands behind it, or someone \
             changed it"
        );
        None
    }

    fn write(&self, name: &str, compiled: &[u8]) -> std::io::Result<()> {
        let (Some(folder), Some(key)) = (&self.folder, self.keys.first()) else { return Ok(()) };
        write_whole(&folder.join(name), &[compiled, &tag_of(key, name, &sha256(compiled))])
    }
}

fn tag_of(key: &Secret<Vec<u8>>, name: &str, digest: &[u8]) -> Vec<u8> {
    let message = [name.as_bytes(), b"\0", digest].concat();
    hmac_sha256(key.expose(), &message).to_vec()
}

/// What the compiled form depends on: the component, the engine's version and its settings.
fn entry_name(engine: &Engine, component_sha256: &str) -> String {
    let mut settings = std::hash::DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut settings);
    FORM.hash(&mut settings);
    format!("{component_sha256}-{:016x}.cwasm", settings.finish())
}

/// The opened file by another name than its own, where the system has one.
#[cfg(unix)]
fn by_descriptor(file: &File) -> Option<PathBuf> {
    use std::os::fd::AsRawFd;
    Some(Path::new(DESCRIPTORS).join(file.as_raw_fd().to_string())).filter(|path| path.exists())
}

#[cfg(not(unix))]
fn by_descriptor(_: &File) -> Option<PathBuf> {
    None
}

/// All bytes of an entry but its tag.
fn whole(mut file: &File) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.rewind()?;
    file.read_to_end(&mut bytes)?;
    bytes.truncate(bytes.len().saturating_sub(usize::try_from(TAG_BYTES).unwrap_or_default()));
    Ok(bytes)
}

#[cfg(unix)]
fn make_private(folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt, MetadataExt};
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let found = fs::symlink_metadata(folder)?;
    let parent_owner = fs::metadata("/proc/self").map(|own| own.uid()).unwrap_or(found.uid());
    if found.is_dir() && found.mode() & 0o077 == 0 && found.uid() == parent_owner {
        return Ok(());
    }
    Err(std::io::Error::other("the folder must belong to this user and be closed to all others (mode 0700)"))
}

#[cfg(not(unix))]
fn make_private(folder: &Path) -> std::io::Result<()> {
    fs::create_dir_all(folder)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::hex;
    use crate::crypto::seal::VersionedSecret;

    const EMPTY: &[u8] = b"\0asm\x0d\0\x01\0";

    fn secrets(all: &[&str]) -> Secrets {
        let secret = |text: &&str| Secret::new((*text).to_owned());
        let entry = |(version, text)| VersionedSecret { version, secret: secret(text) };
        Secrets::new((0..).zip(all).map(entry).collect(), None)
    }

    fn load(cache: &Cache, engine: &Engine, component: &[u8]) {
        cache.load(engine, &file::Component::Read(component.to_vec()), &hex(&sha256(component))).unwrap();
    }

    fn name_of(engine: &Engine, component: &[u8]) -> String {
        entry_name(engine, &hex(&sha256(component)))
    }

    fn only_file(folder: &Path) -> PathBuf {
        let mut files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let file = files.next().unwrap();
        assert!(files.next().is_none());
        file
    }

    #[test]
    fn sup_1_a_changed_file_is_made_again_and_never_loaded() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("cache");
        let engine = Engine::default();
        let cache = Cache::open(Some(&folder), &secrets(&["secret"]));
        load(&cache, &engine, EMPTY);
        let file = only_file(&folder);
        let genuine = fs::read(&file).unwrap();
        let name = name_of(&engine, EMPTY);
        assert!(cache.genuine(&name).is_some());

        for place in [0, genuine.len() / 2, genuine.len() - 33, genuine.len() - 1] {
            let mut changed = genuine.clone();
            changed[place] ^= 1;
            fs::write(&file, &changed).unwrap();
            assert!(cache.genuine(&name).is_none(), "byte {place}");
        }
        fs::write(&file, &genuine[..20]).unwrap();
        assert!(cache.genuine(&name).is_none());
        load(&cache, &engine, EMPTY);
        assert!(cache.genuine(&name).is_some());
        assert!(Cache::open(Some(&folder), &secrets(&["other"])).genuine(&name).is_none());
        // What was compiled under the secret of before is not compiled again.
        assert!(Cache::open(Some(&folder), &secrets(&["other", "secret"])).genuine(&name).is_some());
    }

    #[cfg(unix)]
    #[test]
    fn sup_1_an_open_folder_is_not_used() {
        use std::os::unix::fs::PermissionsExt;
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("cache");
        fs::create_dir(&folder).unwrap();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o777)).unwrap();
        let cache = Cache::open(Some(&folder), &secrets(&["secret"]));
        load(&cache, &Engine::default(), EMPTY);
        assert!(fs::read_dir(&folder).unwrap().next().is_none());
        let link = place.path().join("link");
        std::os::unix::fs::symlink(place.path(), &link).unwrap();
        assert!(Cache::open(Some(&link), &secrets(&["secret"])).folder.is_none());
    }
    #[test]
    fn sup_1_what_another_engine_or_component_made_is_not_taken() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("cache");
        let cache = Cache::open(Some(&folder), &secrets(&["secret"]));
        let engine = Engine::default();
        let other = Engine::new(wasmtime::Config::new().epoch_interruption(true)).unwrap();
        load(&cache, &engine, EMPTY);
        let (own, foreign) = (name_of(&engine, EMPTY), name_of(&other, EMPTY));
        assert_ne!(own, foreign);
        // Whoever can write to the folder renames a genuine entry: its tag is bound to its name.
        fs::copy(folder.join(&own), folder.join(&foreign)).unwrap();
        assert!(cache.genuine(&foreign).is_none());
        load(&cache, &other, EMPTY);
        let larger = wat::parse_str("(component (core module))").unwrap();
        fs::copy(folder.join(&own), folder.join(name_of(&engine, &larger))).unwrap();
        assert!(cache.genuine(&name_of(&engine, &larger)).is_none());
    }

    #[cfg(unix)]
    #[test]
    fn sup_1_an_entry_that_is_a_link_or_cannot_be_written_does_no_harm() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("cache");
        let engine = Engine::default();
        let cache = Cache::open(Some(&folder), &secrets(&["secret"]));
        let target = place.path().join("elsewhere");
        fs::write(&target, b"not ours").unwrap();
        let entry = folder.join(name_of(&engine, EMPTY));
        std::os::unix::fs::symlink(&target, &entry).unwrap();
        load(&cache, &engine, EMPTY);
        assert_eq!(fs::read(&target).unwrap(), b"not ours", "a link is replaced, not followed");
        assert!(!fs::symlink_metadata(&entry).unwrap().is_symlink());
        fs::remove_file(&entry).unwrap();
        fs::create_dir(&entry).unwrap();
        load(&cache, &engine, EMPTY);
    }
}
