//! Folders of pictures in PNG and JPEG, one folder a class.

use std::fs;
use std::io::{Cursor, ErrorKind};
use std::path::{Path, PathBuf};

use chainrule_config::shown;
use chainrule_tensor::memory;
use png::{ColorType, Transformations};
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;

use super::{check_columns, numbers, raw, words};
use crate::raw::Raw;
use crate::{Source, TableError};

/// Reads the pictures of each folder in the folder, whose name is their class; or, without classes,
/// those that lie in the folder itself.
///
/// The columns are the pixels by rows, of 0 to 255: one value each where all pictures are grey,
/// else red, green and blue. How much of a pixel is seen through (alpha) is left out.
pub(super) fn read(source: &Source) -> Result<Raw, TableError> {
    let folder = source.folder().unwrap_or(Path::new("."));
    let (mut files, mut classes) = (Vec::new(), Vec::new());
    let folders = entries(source, folder)?.into_iter().filter(|entry| entry.is_dir());
    for class in folders {
        let name = class.file_name().unwrap_or_default().to_string_lossy().into_owned();
        for file in pictures(entries(source, &class)?) {
            files.push(file);
            classes.push(name.clone());
        }
    }
    let has_classes = !files.is_empty();
    if !has_classes {
        files = pictures(entries(source, folder)?);
    }
    let mut all: Vec<Picture> = Vec::with_capacity(files.len());
    for file in &files {
        let wrong = |what: String| {
            let file = file.strip_prefix(folder).unwrap_or(file).to_string_lossy();
            source.wrong(format!("holds {}, which {what}", shown(&file)))
        };
        let bytes = fs::read(file).map_err(|error| source.failed(error))?;
        let picture = Picture::of(&bytes).map_err(wrong)?;
        if let Some(first) = all.first().filter(|first| first.size != picture.size) {
            let ([a, b], [c, d]) = (picture.size, first.size);
            return Err(wrong(format!(
                "is {a} x {b} pixels, while the first is {c} x {d}; scale all to one size"
            )));
        }
        all.push(picture);
    }
    let Some(first) = all.first() else {
        return Err(source.wrong("has no pictures; put those of each class into a folder in it"));
    };
    let is_grey = all.iter().all(|picture| picture.channels == 1);
    let channels = if is_grey { 1 } else { 3 };
    let width = memory::product(&[first.size[0], first.size[1], channels]);
    check_columns(width).map_err(|what| source.wrong(what))?;
    memory::check::<f64>(all.len().saturating_mul(width))
        .map_err(|why| source.wrong(format!("holds {why}")))?;
    let mut names: Vec<String> = (1..=width).map(|column| column.to_string()).collect();
    let value = |picture: &Picture, at: usize| {
        let (pixel, channel) = (at / channels, at % channels);
        f64::from(picture.values[pixel * picture.channels + channel.min(picture.channels - 1)])
    };
    let column = |at: usize| numbers(all.iter().map(|picture| value(picture, at)).collect());
    let mut columns: Vec<_> = (0..width).map(column).collect();
    if has_classes {
        names.push("class".to_owned());
        columns.push(words(classes.iter().map(Some)));
    }
    let [a, b] = first.size;
    let note =
        format!("pictures of {a} x {b} pixels, {}", if is_grey { "grey" } else { "coloured" });
    let mut raw = raw(names, columns, all.len(), vec![note]);
    raw.declared[width..].fill(true);
    Ok(raw)
}

fn entries(source: &Source, folder: &Path) -> Result<Vec<PathBuf>, TableError> {
    let failed = |error| source.failed(error);
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        paths.push(entry.map_err(failed)?.path());
    }
    // Systems give them in any order.
    paths.sort_unstable();
    Ok(paths)
}

fn pictures(paths: Vec<PathBuf>) -> Vec<PathBuf> {
    let is_picture = |path: &PathBuf| {
        let extension = path.extension().map(|e| e.to_string_lossy().to_lowercase());
        path.is_file() && matches!(extension.as_deref(), Some("png" | "jpg" | "jpeg"))
    };
    paths.into_iter().filter(is_picture).collect()
}

struct Picture {
    /// Pixels across and down.
    size: [usize; 2],
    /// 1 or 3.
    channels: usize,
    values: Vec<u8>,
}

impl Picture {
    fn of(bytes: &[u8]) -> Result<Picture, String> {
        match bytes {
            [0x89, b'P', b'N', b'G', ..] => {
                Picture::png(bytes).map_err(|e| format!("is damaged ({})", shown(&e.to_string())))
            }
            [0xff, 0xd8, 0xff, ..] => {
                Picture::jpeg(bytes).map_err(|error| format!("is damaged ({})", shown(&error)))
            }
            _ => Err("is no PNG or JPEG; write it as one".to_owned()),
        }
    }

    fn png(bytes: &[u8]) -> Result<Picture, png::DecodingError> {
        let mut decoder = png::Decoder::new(Cursor::new(bytes));
        decoder.set_transformations(Transformations::normalize_to_color8());
        let mut reader = decoder.read_info()?;
        let size = reader.output_buffer_size().filter(|size| memory::check::<u8>(*size).is_ok());
        let Some(size) = size else {
            return Err(std::io::Error::from(ErrorKind::OutOfMemory).into());
        };
        let mut values = vec![0; size];
        let info = reader.next_frame(&mut values)?;
        values.truncate(info.buffer_size());
        let (stored, channels) = match info.color_type {
            ColorType::Grayscale | ColorType::Indexed => (1, 1),
            ColorType::GrayscaleAlpha => (2, 1),
            ColorType::Rgb => (3, 3),
            ColorType::Rgba => (4, 3),
        };
        if stored != channels {
            values =
                values.chunks_exact(stored).flat_map(|pixel| &pixel[..channels]).copied().collect();
        }
        Ok(Picture { size: [info.width as usize, info.height as usize], channels, values })
    }

    fn jpeg(bytes: &[u8]) -> Result<Picture, String> {
        let mut decoder = JpegDecoder::new(ZCursor::new(bytes));
        decoder.decode_headers().map_err(|error| error.to_string())?;
        let info = decoder.info().ok_or("it has no header")?;
        let channels = if info.components == 1 { 1 } else { 3 };
        let space = if channels == 1 { ColorSpace::Luma } else { ColorSpace::RGB };
        decoder.set_options(decoder.options().jpeg_set_out_colorspace(space));
        let values = decoder.decode().map_err(|error| error.to_string())?;
        let size = [usize::from(info.width), usize::from(info.height)];
        if values.len() != memory::product(&[size[0], size[1], channels]) {
            return Err("it ends early".to_owned());
        }
        Ok(Picture { size, channels, values })
    }
}
