//! The origin of a table.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chainrule_config::shortened;
use chainrule_tensor::memory;
use flate2::read::MultiGzDecoder;

use crate::TableError;
use crate::kind::Kind;

/// So many characters of a path are shown.
const LONGEST_PATH: usize = 400;
/// So many bytes tell what a file is.
const BEGIN: usize = 1 << 12;

/// A file, standard input or bytes in memory, to be read as a table.
///
/// What can be read only once, such as a pipe, is read to its end into memory. A file is opened
/// each time that it is gone through. What is compressed by gzip is unpacked on the way, whatever
/// its name.
#[derive(Clone, Debug)]
pub struct Source {
    name: String,
    content: Content,
}

#[derive(Clone, Debug)]
enum Content {
    File(PathBuf),
    /// Pictures, one folder a class.
    Folder(PathBuf),
    Memory(Arc<[u8]>),
}

impl Source {
    /// The file of this path, which may be a pipe or a device, or a folder of pictures; `-` is
    /// standard input.
    ///
    /// # Errors
    /// [`TableError::Read`] if it is not there or may not be read; [`TableError::File`] if it is a
    /// pipe with more than memory holds.
    pub fn open(path: &Path) -> Result<Self, TableError> {
        if path == Path::new("-") {
            return Source::read("standard input".to_owned(), io::stdin().lock());
        }
        let name = shortened(&path.to_string_lossy(), LONGEST_PATH);
        let failed = |source| TableError::Read { file: name.clone(), source };
        let kind = path.metadata().map_err(failed)?.file_type();
        if kind.is_file() {
            // Whether it may be read is found out before anything else happens.
            File::open(path).map_err(failed)?;
            return Ok(Source { name, content: Content::File(path.to_owned()) });
        }
        if kind.is_dir() {
            return Ok(Source { name, content: Content::Folder(path.to_owned()) });
        }
        let file = File::open(path).map_err(failed)?;
        Source::read(name, file)
    }

    /// All that a reader gives, to its end; `name` stands for the file in messages.
    ///
    /// # Errors
    /// [`TableError::Read`] if it fails; [`TableError::File`] if there is more than memory holds.
    pub fn read(name: String, reader: impl Read) -> Result<Self, TableError> {
        let failed = |source| TableError::Read { file: name.clone(), source };
        let (mut reader, mut bytes) = (reader.take(BEGIN as u64), Vec::new());
        reader.read_to_end(&mut bytes).map_err(failed)?;
        // What has no end, such as a device of random bytes, is refused by how it begins.
        Kind::of(&bytes).check(&name)?;
        // Beside the bytes there must be memory for what is made of them.
        let most = memory::available() as u64 / 2;
        reader.set_limit(most.saturating_sub(bytes.len() as u64));
        reader.read_to_end(&mut bytes).map_err(failed)?;
        if bytes.len() as u64 >= most {
            let what = format!("has more than {most} bytes, too many for a pipe; give a file");
            return Err(TableError::File { file: name, what });
        }
        Ok(Source { content: Content::Memory(bytes.into()), name })
    }

    /// A table in memory; `name` stands for the file in messages.
    #[must_use]
    pub fn bytes(name: &str, bytes: impl Into<Arc<[u8]>>) -> Self {
        Source { name: name.to_owned(), content: Content::Memory(bytes.into()) }
    }

    /// Its name in messages.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The bytes from their begin, unpacked, and the kind that they are of.
    pub(crate) fn open_again(&self) -> Result<(Box<dyn Read + Send + '_>, Kind), TableError> {
        let failed = |source| self.failed(source);
        let mut reader: Box<dyn Read + Send + '_> = match &self.content {
            Content::File(path) => Box::new(File::open(path).map_err(failed)?),
            Content::Folder(path) => {
                path.read_dir().map_err(failed)?;
                return Ok((Box::new(io::empty()), Kind::Folder));
            }
            Content::Memory(bytes) => Box::new(&bytes[..]),
        };
        let mut begin = self.begin(&mut reader)?;
        if begin.starts_with(&[0x1f, 0x8b]) {
            reader = Box::new(MultiGzDecoder::new(io::Cursor::new(begin).chain(reader)));
            begin = self.begin(&mut reader)?;
        }
        let kind = Kind::of(&begin);
        Ok((Box::new(io::Cursor::new(begin).chain(reader)), kind))
    }

    /// The file beside this one whose name follows from its own, if it is there.
    pub(crate) fn beside(&self, name: impl FnOnce(&str) -> Option<String>) -> Option<Source> {
        let Content::File(path) = &self.content else { return None };
        let other = path.with_file_name(name(path.file_name()?.to_str()?)?);
        if other.is_file() && other != *path { Source::open(&other).ok() } else { None }
    }

    /// The file itself, if it is one that is not packed.
    #[cfg(feature = "parquet")]
    pub(crate) fn plain_file(&self) -> Result<Option<File>, TableError> {
        let Content::File(path) = &self.content else { return Ok(None) };
        let mut file = File::open(path).map_err(|error| self.failed(error))?;
        let is_packed = self.begin(&mut file)?.starts_with(&[0x1f, 0x8b]);
        let again = || File::open(path).map_err(|error| self.failed(error));
        if is_packed { Ok(None) } else { again().map(Some) }
    }

    /// The folder, if it is one.
    #[cfg(feature = "pictures")]
    pub(crate) fn folder(&self) -> Option<&Path> {
        match &self.content {
            Content::Folder(path) => Some(path),
            _ => None,
        }
    }

    fn begin(&self, reader: &mut dyn Read) -> Result<Vec<u8>, TableError> {
        let mut begin = Vec::new();
        reader.take(BEGIN as u64).read_to_end(&mut begin).map_err(|error| self.failed(error))?;
        Ok(begin)
    }

    /// That the file could not be read, or what is packed in it is damaged.
    pub(crate) fn failed(&self, source: io::Error) -> TableError {
        let file = self.name.clone();
        match source.kind() {
            io::ErrorKind::InvalidInput
            | io::ErrorKind::InvalidData
            | io::ErrorKind::UnexpectedEof => {
                let what = format!("is compressed and damaged ({source}); get it anew");
                TableError::File { file, what }
            }
            _ => TableError::Read { file, source },
        }
    }

    pub(crate) fn wrong(&self, what: impl Into<String>) -> TableError {
        TableError::File { file: self.name.clone(), what: what.into() }
    }
}
