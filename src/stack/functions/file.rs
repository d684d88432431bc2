//! Functions that read files of the stacks folder, and on paths.

use std::io;
use std::path::{Component, Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use regex::Regex;

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
    Function::new("fileset", &[param("path", Kind::Text), param("pattern", Kind::Text)], fileset),
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

    /// Lists every file beneath a folder, relative to it, with `/` between the parts.
    fn list(&self, folder: &str) -> Result<Vec<String>, FileError>;
}

/// No files at all.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoFiles;

impl Files for NoFiles {
    fn read(&self, _: &str) -> Result<Vec<u8>, FileError> {
        Err(FileError::Missing)
    }

    fn list(&self, _: &str) -> Result<Vec<String>, FileError> {
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

fn unreadable(e: io::Error) -> FileError {
    match e.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => FileError::Missing,
        io::ErrorKind::IsADirectory => {
            FileError::Unreadable("this is a folder, not a file".to_owned())
        }
        _ => FileError::Unreadable(e.to_string()),
    }
}

impl Folder {
    /// Gives the place of a path, which must exist and lie inside the folder.
    fn resolve(&self, path: &str) -> Result<PathBuf, FileError> {
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
        if full.starts_with(&root) { Ok(full) } else { Err(FileError::Outside) }
    }
}

/// Most files that `fileset` looks at: beyond that the path is a mistake.
const MOST_FILES: usize = 10_000;

impl Files for Folder {
    fn read(&self, path: &str) -> Result<Vec<u8>, FileError> {
        std::fs::read(self.resolve(path)?).map_err(unreadable)
    }

    fn list(&self, folder: &str) -> Result<Vec<String>, FileError> {
        let root = self.resolve(folder)?;
        let mut files = Vec::new();
        let mut folders = vec![root.clone()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).map_err(unreadable)? {
                let entry = entry.map_err(unreadable)?;
                // Not followed: a symbolic link may lead anywhere, round in circles too.
                let kind = entry.file_type().map_err(unreadable)?;
                if kind.is_dir() {
                    folders.push(entry.path());
                } else if kind.is_file()
                    && let Some(path) = entry.path().strip_prefix(&root).ok().and_then(Path::to_str)
                {
                    files.push(path.replace(std::path::MAIN_SEPARATOR, "/"));
                }
                if files.len() > MOST_FILES {
                    return Err(FileError::Unreadable(format!("more than {MOST_FILES} files")));
                }
            }
        }
        files.sort();
        Ok(files)
    }
}

/// The files beneath a folder that match a pattern: `*`, `**`, `?`, `[…]`, `{a,b}`.
fn fileset(args: &Args<'_>) -> Result<Value, FunctionError> {
    let pattern = glob(args.text(1))
        .ok_or_else(|| FunctionError::at(1, "the pattern is wrong: a bracket is never closed"))?;
    let files = args.files.list(args.text(0)).map_err(|e| failed(args.text(0), &e))?;
    Ok(Value::set(files.into_iter().filter(|f| pattern.is_match(f)).map(Value::String).collect()))
}

/// Makes a regular expression of a pattern; `None` when a bracket is never closed.
fn glob(pattern: &str) -> Option<Regex> {
    let mut text = String::from("^");
    let mut rest = pattern;
    let mut braces = 0_usize;
    while let Some(c) = rest.chars().next() {
        if let Some(after) = rest.strip_prefix("**/") {
            text.push_str("(?:.*/)?");
            rest = after;
            continue;
        }
        if let Some(after) = rest.strip_prefix("**") {
            text.push_str(".*");
            rest = after;
            continue;
        }
        rest = &rest[c.len_utf8()..];
        match c {
            '*' => text.push_str("[^/]*"),
            '?' => text.push_str("[^/]"),
            '{' => {
                braces += 1;
                text.push_str("(?:");
            }
            '}' if braces > 0 => {
                braces -= 1;
                text.push(')');
            }
            ',' if braces > 0 => text.push('|'),
            '[' => {
                let (class, after) = rest.split_once(']')?;
                let (sign, class) = match class.strip_prefix(['!', '^']) {
                    Some(class) => ("^", class),
                    None => ("", class),
                };
                let class = class.replace('\\', r"\\").replace('[', r"\[").replace('&', r"\&");
                text.push_str(&["[", sign, &class, "]"].concat());
                rest = after;
            }
            c => text.push_str(&regex::escape(c.encode_utf8(&mut [0; 4]))),
        }
    }
    text.push('$');
    Regex::new(&text).ok()
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
    fn files_by_pattern() {
        let folder = tempfile::tempdir().unwrap();
        for path in ["a.json", "b.txt", "sub/c.json", "sub/deep/d.json", "sub/x1.sh"] {
            let full = folder.path().join(path);
            std::fs::create_dir_all(full.parent().unwrap()).unwrap();
            std::fs::write(full, "").unwrap();
        }
        let files = Folder::new(folder.path());
        for (path, pattern, expected) in [
            (".", "*.json", vec!["a.json"]),
            (".", "**/*.json", vec!["a.json", "sub/c.json", "sub/deep/d.json"]),
            ("sub", "*", vec!["c.json", "x1.sh"]),
            ("sub", "**", vec!["c.json", "deep/d.json", "x1.sh"]),
            (".", "*.{json,txt}", vec!["a.json", "b.txt"]),
            (".", "[!a].???", vec!["b.txt"]),
            ("sub", "x[0-9].sh", vec!["x1.sh"]),
            (".", "a?json", vec!["a.json"]),
            (".", "none", vec![]),
        ] {
            let found = super::super::call("fileset", vec![path.into(), pattern.into()], &files);
            let expected = Value::Set(expected.into_iter().map(Value::from).collect());
            assert_eq!(found, Ok(expected), "{path} {pattern}");
        }
        for (path, pattern) in [("..", "*"), ("missing", "*"), (".", "[a"), (".", "{a")] {
            let found = super::super::call("fileset", vec![path.into(), pattern.into()], &files);
            assert!(found.is_err(), "{path} {pattern}");
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
