//! The first bytes of a PNG file.

/// Size and number of channels of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// 1 grey, 2 with opacity, 3 red, green and blue, 4 with opacity.
    pub(crate) channels: u8,
}

/// The header of a PNG file: its signature, then the chunk `IHDR` with width, height, depth and
/// kind of colour.
///
/// Source: <https://www.w3.org/TR/png-3/>, sections 5.2 and 11.2.1.
pub(crate) fn header(png: &[u8]) -> Result<Header, &'static str> {
    const NOT_PNG: &str = "the bytes are not those of a PNG file";
    let header = png.strip_prefix(b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR").ok_or(NOT_PNG)?;
    let (width, rest) = header.split_first_chunk().ok_or(NOT_PNG)?;
    let (height, rest) = rest.split_first_chunk().ok_or(NOT_PNG)?;
    let channels = match rest {
        [_, 0, ..] => 1,
        [_, 4, ..] => 2,
        // A palette is one of red, green and blue.
        [_, 2 | 3, ..] => 3,
        [_, 6, ..] => 4,
        _ => return Err(NOT_PNG),
    };
    let header =
        Header { width: u32::from_be_bytes(*width), height: u32::from_be_bytes(*height), channels };
    if header.width == 0 || header.height == 0 {
        Err("the picture has no pixels")
    } else {
        Ok(header)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(color: png::ColorType, data: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, 3, 1);
        encoder.set_color(color);
        encoder.write_header().unwrap().write_image_data(data).unwrap();
        bytes
    }

    #[test]
    fn size_and_channels() {
        for (color, channels) in [
            (png::ColorType::Grayscale, 1),
            (png::ColorType::GrayscaleAlpha, 2),
            (png::ColorType::Rgb, 3),
            (png::ColorType::Rgba, 4),
        ] {
            let png = picture(color, &vec![0; 3 * usize::from(channels)]);
            assert_eq!(header(&png), Ok(Header { width: 3, height: 1, channels }));
        }
    }

    #[test]
    fn other_bytes_are_refused() {
        let png = picture(png::ColorType::Grayscale, &[0; 3]);
        assert_eq!(header(&png[..24]), Err("the bytes are not those of a PNG file"));
        assert_eq!(header(b"<svg/>"), Err("the bytes are not those of a PNG file"));
        let mut empty = png;
        empty[16..20].fill(0);
        assert_eq!(header(&empty), Err("the picture has no pixels"));
    }
}
