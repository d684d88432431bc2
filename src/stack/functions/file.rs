//! Functions that read files of the stacks folder, and on paths.

use std::io;
use std::path::{Component, Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{Args, Function, FunctionError, Kind, hash, param};
use crate::stack::value::Value;

const PATH: &[super::Param] = &[param("path", Kind::Text)];

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("basename", PATH, |args| Ok(basename(args.text(0)).into())),
    Function::new("dirname", PATH, |args| Ok(dirname(args.text(0)).into())),
    Function::new("file", PATH, |args| read_text(args.files, args.text(0)).map(Value::String)),
    Function::new("filebase64", PATH, |args| Ok(STANDARD.encode(read(args)?).into())),
    Function::new("filebase64sha256", PATH, |args| {
        Ok(hash::base64_digest::<sha2::Sha256>(read(args)?))
    }),
    Function::new("filebase64sha512", PATH, |args| {
        Ok(hash::base64_digest::<sha2::Sha512>(read(args)?))
    }),
    Function::new("fileexists", PATH, |args| match args.files.read(args.text(0)) {
        Ok(_) => Ok(true.into()),
        Err(FileError::Missing) => Ok(false.into()),
        Err(e) => Err(failed(args.text(0), &e)),
    }),
    Function::new("filemd5", PATH, |args| Ok(hash::digest::<md5::Md5>(read(args)?))),
    Function::new("filesha1", PATH, |args| Ok(hash::digest::<sha1::Sha1>(read(args)?))),
    Function::new("filesha256", PATH, |args| Ok(hash::digest::<sha2::Sha256>(read(args)?))),
    Function::new("filesha512", PATH, |args| Ok(hash::digest::<sha2::Sha512>(read(args)?))),
];

/// Why a file cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// There is no such file.
    #[error("there is no such file in the stacks folder")]
    Missing,
    /// The path leads out of the stacks folder.
    #[error("the path leads out of the stacks folder")]
    Outside,
    /// Reading fails.
    #[error("{0}")]
    Unreadable(String),
}

/// Reads files for expressions. Paths are relative to the stacks folder and may not leave it.
pub trait Files {
    /// Reads a whole file.
    fn read(&self, path: &str) -> Result<Vec<u8>, FileError>;
}

/// No files at all.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoFiles;

impl Files for NoFiles {
    fn read(&self, _: &str) -> Result<Vec<u8>, FileError> {
        Err(FileError::Missing)
    }
}

/// The files of one folder.
#[derive(Clone, Debug)]
pub struct Folder {
    root: PathBuf,
}

impl Folder {
    /// Reads inside `root` only.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }
}

impl Files for Folder {
    fn read(&self, path: &str) -> Result<Vec<u8>, FileError> {
        let unreadable = |e: io::Error| match e.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => FileError::Missing,
            io::ErrorKind::IsADirectory => {
                FileError::Unreadable("this is a folder, not a file".to_owned())
            }
            _ => FileError::Unreadable(e.to_string()),
        };
        let mut depth = 0_usize;
        for component in Path::new(path).components() {
            match component {
                Component::Normal(_) => depth += 1,
                Component::CurDir => {}
                Component::ParentDir if depth > 0 => depth -= 1,
                _ => return Err(FileError::Outside),
            }
        }
        let root = self.root.canonicalize().map_err(unreadable)?;
        // A symbolic link may lead out of the folder too.
        let full = root.join(path).canonicalize().map_err(unreadable)?;
        if !full.starts_with(&root) {
            return Err(FileError::Outside);
        }
        std::fs::read(full).map_err(unreadable)
    }
}

fn failed(path: &str, e: &FileError) -> FunctionError {
    let error = FunctionError::at(0, format!("{path:?}: {e}"));
    match e {
        FileError::Missing | FileError::Outside => {
            error.hint("paths are relative to the stacks folder")
        }
        FileError::Unreadable(_) => error,
    }
}

fn read(args: &Args<'_>) -> Result<Vec<u8>, FunctionError> {
    args.files.read(args.text(0)).map_err(|e| failed(args.text(0), &e))
}

pub(super) fn read_text(files: &dyn Files, path: &str) -> Result<String, FunctionError> {
    let bytes = files.read(path).map_err(|e| failed(path, &e))?;
    String::from_utf8(bytes).map_err(|_| {
        FunctionError::at(0, format!("{path:?}: the file is not UTF-8"))
            .hint("`filebase64` reads any file")
    })
}

fn basename(path: &str) -> &str {
    let trimmed = path.trim_end_matches('/');
    match (path, trimmed) {
        ("", _) => ".",
        (_, "") => "/",
        _ => trimmed.rsplit('/').next().unwrap_or(trimmed),
    }
}

fn dirname(path: &str) -> &str {
    match path.rfind('/') {
        None => ".",
        Some(at) => match path[..at].trim_end_matches('/') {
            "" => "/",
            folder => folder,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_inside_the_folder() {
        let outer = tempfile::tempdir().unwrap();
        let root = outer.path().join("stacks");
        std::fs::create_dir_all(root.join("sub")).unwrap();
        std::fs::write(outer.path().join("secret"), "s").unwrap();
        std::fs::write(root.join("sub/a.txt"), "a").unwrap();
        let folder = Folder::new(&root);
        assert_eq!(folder.read("sub/a.txt").unwrap(), b"a");
        assert_eq!(folder.read("./sub/../sub/a.txt").unwrap(), b"a");
        assert!(matches!(folder.read("b.txt"), Err(FileError::Missing)));
        assert!(matches!(folder.read("../secret"), Err(FileError::Outside)));
        assert!(matches!(folder.read("sub/../../secret"), Err(FileError::Outside)));
        assert!(matches!(folder.read("/etc/passwd"), Err(FileError::Outside)));
        assert!(matches!(folder.read("sub"), Err(FileError::Unreadable(_))));
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(outer.path().join("secret"), root.join("link")).unwrap();
            assert!(matches!(folder.read("link"), Err(FileError::Outside)));
        }
    }

    #[test]
    fn paths() {
        for (path, base, dir) in [
            ("foo/bar/baz.txt", "baz.txt", "foo/bar"),
            ("a", "a", "."),
            ("/a", "a", "/"),
            ("/", "/", "/"),
            ("", ".", "."),
        ] {
            assert_eq!((basename(path), dirname(path)), (base, dir), "{path}");
        }
    }
}
