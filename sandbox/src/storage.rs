//! The state on disk: `state.json` in the sandbox's folder.
//!
//! Two locks: `owner` is held shared for the life of every embedded sandbox and alone by a server;
//! `lock` is held for the length of one call, so that several embedded sandboxes may share a
//! folder. A state is written beside the old one, synced and renamed over it.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use thiserror::Error;

use super::clock::Time;
use super::state::Account;

/// Why a sandbox's folder could not be opened.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The file system refused.
    #[error("cannot use {path}: {source}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another process holds the folder.
    #[error("the sandbox in {dir} is held by {holder}")]
    Held {
        /// The folder.
        dir: PathBuf,
        /// Who holds it, as far as it is known.
        holder: String,
    },
    /// The stored state is not one this version can read.
    #[error("cannot read the sandbox state {path}: {source}; remove the file to start afresh")]
    Unreadable {
        /// The state file.
        path: PathBuf,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

/// Whether a folder is shared with other embedded sandboxes or held alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hold {
    Shared,
    Alone,
}

/// An open sandbox folder.
#[derive(Debug)]
pub(super) struct Storage {
    state: PathBuf,
    dir: PathBuf,
    lock: File,
    /// Held until this is dropped.
    _owner: File,
    seen: Option<Stamp>,
    /// How far the clock had come when that was last kept.
    time: Time,
}

/// How much later it is worth keeping again how far the clock has come.
const TICK: Duration = Duration::from_secs(1);

/// What tells two versions of the state file apart without reading them.
type Stamp = (u64, u64, SystemTime);

/// The lock of one call; released when dropped.
#[derive(Debug)]
pub(super) struct CallLock(File);

impl Drop for CallLock {
    fn drop(&mut self) {
        // An unlock that fails is made good by closing the file.
        let _ = self.0.unlock();
    }
}

impl Storage {
    /// Opens a folder, making it where it is missing, and reads the state in it.
    pub(super) fn open(dir: &Path, hold: Hold) -> Result<(Self, Option<Account>), OpenError> {
        fs::create_dir_all(dir).map_err(|source| at(dir, source))?;
        let owner = open(&dir.join("owner"))?;
        let held = match hold {
            Hold::Shared => owner.try_lock_shared(),
            Hold::Alone => owner.try_lock(),
        };
        match held {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(held_by(dir)),
            Err(TryLockError::Error(source)) => return Err(at(&dir.join("owner"), source)),
        }
        let holder = match hold {
            Hold::Shared => String::new(),
            Hold::Alone => format!("the sandbox server with process id {}", std::process::id()),
        };
        fs::write(dir.join("owner"), holder).map_err(|source| at(&dir.join("owner"), source))?;
        let mut storage = Self {
            state: dir.join("state.json"),
            dir: dir.to_owned(),
            lock: open(&dir.join("lock"))?,
            _owner: owner,
            seen: None,
            time: Time::default(),
        };
        let _lock = storage.lock()?;
        let kept = fs::read_to_string(storage.clock()).ok().and_then(|text| text.parse().ok());
        storage.time = kept.map_or_else(Time::default, Time::from_millis);
        let account = storage.read_if_changed()?;
        Ok((storage, account))
    }

    /// Waits for the lock of one call.
    pub(super) fn lock(&self) -> Result<CallLock, OpenError> {
        let file = self.lock.try_clone().map_err(|source| at(&self.dir, source))?;
        file.lock().map_err(|source| at(&self.dir, source))?;
        Ok(CallLock(file))
    }

    /// Reads the state if another process has written it since this one last did either.
    pub(super) fn read_if_changed(&mut self) -> Result<Option<Account>, OpenError> {
        let stamp = self.stamp()?;
        if stamp == self.seen {
            return Ok(None);
        }
        self.seen = stamp;
        if stamp.is_none() {
            // Somebody emptied the folder: start afresh.
            return Ok(Some(Account::default()));
        }
        let bytes = fs::read(&self.state).map_err(|source| at(&self.state, source))?;
        let account = serde_json::from_slice(&bytes)
            .map_err(|source| OpenError::Unreadable { path: self.state.clone(), source })?;
        Ok(Some(account))
    }

    /// Writes the state so that it outlives a kill or a power cut right after.
    pub(super) fn write(&mut self, account: &Account) -> Result<(), OpenError> {
        let temporary = self.dir.join("state.json.new");
        let write = || -> io::Result<()> {
            let mut file = File::create(&temporary)?;
            file.write_all(&serde_json::to_vec(account)?)?;
            file.sync_all()?;
            fs::rename(&temporary, &self.state)?;
            File::open(&self.dir)?.sync_all()
        };
        write().map_err(|source| at(&self.state, source))?;
        self.seen = self.stamp()?;
        Ok(())
    }

    /// Tells how far the clock of whoever had the folder before had come.
    pub(super) fn time(&self) -> Time {
        self.time
    }

    /// Keeps how far the clock has come, so that what was waited for stays done for the next process,
    /// though nothing was written since. At worst, after a power cut, it is waited for again.
    pub(super) fn reach(&mut self, now: Time) -> Result<(), OpenError> {
        if self.time + TICK <= now {
            let path = self.clock();
            fs::write(&path, now.millis().to_string()).map_err(|source| at(&path, source))?;
            self.time = now;
        }
        Ok(())
    }

    fn clock(&self) -> PathBuf {
        self.dir.join("clock")
    }

    fn stamp(&self) -> Result<Option<Stamp>, OpenError> {
        match fs::metadata(&self.state) {
            Ok(metadata) => {
                let modified = metadata.modified().map_err(|source| at(&self.state, source))?;
                Ok(Some((file_number(&metadata), metadata.len(), modified)))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(at(&self.state, source)),
        }
    }
}

#[cfg(unix)]
fn file_number(metadata: &fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(metadata)
}

#[cfg(not(unix))]
fn file_number(_metadata: &fs::Metadata) -> u64 {
    0
}

fn open(path: &Path) -> Result<File, OpenError> {
    let mut options = OpenOptions::new();
    let options = options.read(true).write(true).create(true).truncate(false);
    options.open(path).map_err(|source| at(path, source))
}

fn at(path: &Path, source: io::Error) -> OpenError {
    OpenError::Io { path: path.to_owned(), source }
}

fn held_by(dir: &Path) -> OpenError {
    let holder = fs::read_to_string(dir.join("owner")).unwrap_or_default();
    let holder = if holder.is_empty() { "another infra process".to_owned() } else { holder };
    OpenError::Held { dir: dir.to_owned(), holder }
}
