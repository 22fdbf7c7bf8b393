use chainrule_tensor::{Real, Tensor};
use miniz_oxide::inflate::decompress_to_vec_zlib_with_limit;

use crate::{DataError, Dataset, Targets};

static COMPRESSED: &[u8] = include_bytes!("../data/digits.csv.zlib");
/// More than the digits have: damaged data must not fill the memory.
const MOST_BYTES: usize = 1 << 20;
const OP: &str = "Digits";

/// 1797 handwritten digits of 8 x 8 pixels, each from 0 (paper) to 16 (ink), embedded in the crate.
///
/// They are the test half of the UCI data set "Optical Recognition of Handwritten Digits" (Alpaydin
/// and Kaynak, 1998), in the form that scikit-learn carries. All are by the same 13 writers: a
/// random split has each writer on both sides, and flatters a network a little.
///
/// ```
/// use chainrule_data::Digits;
///
/// let digits = Digits::load()?;
/// assert_eq!(digits.labels()[..3], [0, 1, 2]);
/// assert_eq!(digits.image(0)[..8], [0, 0, 5, 13, 9, 1, 0, 0]);
///
/// let data = digits.dataset::<f32>();
/// assert_eq!(data.inputs().shape(), [1797, 64].into());
/// assert_eq!(data.inputs().row(0)[3], 13.0 / 16.0);
/// # Ok::<(), chainrule_data::DataError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digits {
    pixels: Vec<u8>,
    labels: Vec<u8>,
}

impl Digits {
    /// The number of pixels in each row and each column of an image.
    pub const SIDE: usize = 8;
    /// The number of pixels of an image.
    pub const PIXELS: usize = Digits::SIDE * Digits::SIDE;
    /// The largest value of a pixel.
    pub const INK: u8 = 16;
    /// The number of classes: the digits 0 to 9.
    pub const CLASSES: usize = 10;

    /// Unpacks the embedded digits.
    ///
    /// # Errors
    /// [`DataError::Compressed`] or [`DataError::Record`] if the embedded file is damaged.
    pub fn load() -> Result<Self, DataError> {
        decode(COMPRESSED)
    }

    /// The number of images.
    #[must_use]
    #[allow(clippy::len_without_is_empty, reason = "there are always digits")]
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// All pixels, from 0 to [`Digits::INK`]: image by image, each row by row.
    #[must_use]
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// The digit that each image shows.
    #[must_use]
    pub fn labels(&self) -> &[u8] {
        &self.labels
    }

    /// The pixels of one image, row by row.
    ///
    /// # Panics
    /// If there is no image `i`.
    #[track_caller]
    #[must_use]
    pub fn image(&self, i: usize) -> &[u8] {
        assert!(i < self.len(), "there is no image {i} among {}", self.len());
        &self.pixels[i * Digits::PIXELS..(i + 1) * Digits::PIXELS]
    }

    /// The pixels as they are, from 0 to 16: `[samples, 64]`.
    #[must_use]
    pub fn images<T: Real>(&self) -> Tensor<T> {
        self.map(f64::from)
    }

    /// The pixels as a matrix of zeros and ones, `[samples, 64]`: 1 where a pixel is at least
    /// `threshold`.
    ///
    /// A threshold of 8 is half the ink; 0 makes all pixels 1, one above 16 makes all 0.
    #[must_use]
    pub fn binary<T: Real>(&self, threshold: u8) -> Tensor<T> {
        self.map(|pixel| f64::from(u8::from(pixel >= threshold)))
    }

    /// The digits as class indices.
    #[must_use]
    pub fn targets<T: Real>(&self) -> Targets<T> {
        let indices = self.labels.iter().map(|&label| u32::from(label)).collect();
        Targets::Classes { indices, classes: Digits::CLASSES }
    }

    /// The data set to learn from: pixels scaled to 0..=1, `[samples, 64]`, and class indices.
    #[must_use]
    pub fn dataset<T: Real>(&self) -> Dataset<T> {
        // `decode` let only pixels up to 16, digits up to 9 and at least one image pass.
        Dataset {
            inputs: self.map(|pixel| f64::from(pixel) / f64::from(Digits::INK)),
            targets: self.targets(),
        }
    }

    fn map<T: Real>(&self, f: impl Fn(u8) -> f64) -> Tensor<T> {
        Tensor::from_fn([self.len(), Digits::PIXELS], |i| T::from_f64(f(self.pixels[i])))
    }
}

/// One image per line: 64 pixels and the digit, separated by commas.
fn decode(compressed: &[u8]) -> Result<Digits, DataError> {
    let damaged = |why: String| DataError::Compressed { op: OP, why };
    let text = decompress_to_vec_zlib_with_limit(compressed, MOST_BYTES)
        .map_err(|error| damaged(error.to_string()))?;
    let text = String::from_utf8(text).map_err(|error| damaged(error.to_string()))?;
    let mut digits = Digits { pixels: Vec::new(), labels: Vec::new() };
    for (i, line) in text.lines().enumerate() {
        let error = |why| DataError::Record { op: OP, line: i + 1, why };
        let start = digits.pixels.len();
        for (column, field) in line.split(',').enumerate() {
            let (values, what, most) = match column == Digits::PIXELS {
                true => (&mut digits.labels, "digit", Digits::CLASSES as u8 - 1),
                false => (&mut digits.pixels, "pixel", Digits::INK),
            };
            match field.parse() {
                Ok(value) if value <= most => values.push(value),
                _ => {
                    return Err(error(format!(
                        "column {column}: a {what} must be from 0 to {most}, not {field:?}"
                    )));
                }
            }
        }
        let fields = digits.pixels.len() - start + digits.labels.len() - i;
        if fields != Digits::PIXELS + 1 {
            return Err(error(format!(
                "{} pixels and a digit are needed, it has {fields} fields",
                Digits::PIXELS
            )));
        }
    }
    if digits.labels.is_empty() {
        return Err(DataError::Record { op: OP, line: 1, why: "there is no image".into() });
    }
    Ok(digits)
}

#[cfg(test)]
mod tests {
    use miniz_oxide::deflate::compress_to_vec_zlib;

    use super::*;

    fn compress(text: &[u8]) -> Vec<u8> {
        compress_to_vec_zlib(text, 1)
    }

    fn message(text: &str) -> String {
        decode(&compress(text.as_bytes())).unwrap_err().to_string()
    }

    #[test]
    fn the_embedded_digits_are_those_of_the_source() {
        let digits = Digits::load().unwrap();
        assert_eq!((digits.len(), digits.pixels().len()), (1797, 1797 * 64));
        assert_eq!(digits.pixels().iter().map(|&pixel| u64::from(pixel)).sum::<u64>(), 561_718);
        assert_eq!(digits.labels().iter().map(|&label| u64::from(label)).sum::<u64>(), 8070);
        assert_eq!(digits.pixels().iter().max(), Some(&16));
        #[rustfmt::skip]
        let first = [
            0, 0,  5, 13,  9,  1, 0, 0,
            0, 0, 13, 15, 10, 15, 5, 0,
            0, 3, 15,  2,  0, 11, 8, 0,
            0, 4, 12,  0,  0,  8, 8, 0,
            0, 5,  8,  0,  0,  9, 8, 0,
            0, 4, 11,  0,  1, 12, 7, 0,
            0, 2, 14,  5, 10, 12, 0, 0,
            0, 0,  6, 13, 10,  0, 0, 0,
        ];
        assert_eq!(digits.image(0), first);
        assert_eq!(digits.labels()[0], 0);
    }

    #[test]
    fn the_data_set_is_scaled_and_valid() {
        let digits = Digits::load().unwrap();
        let data = digits.dataset::<f64>();
        assert_eq!(
            data.class_counts().unwrap(),
            [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
        );
        assert_eq!(data.inputs().values().iter().sum::<f64>(), 561_718.0 / 16.0);
        let (inputs, targets) = data.clone().into_parts();
        assert_eq!(Dataset::new(inputs, targets).unwrap(), data);
        assert_eq!(digits.images::<f32>().row(0)[2..5], [5.0, 13.0, 9.0]);
    }

    #[test]
    fn a_threshold_makes_zeros_and_ones() {
        let digits = Digits::load().unwrap();
        let binary = digits.binary::<f32>(9);
        assert_eq!(binary.row(0)[..8], [0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0]);
        let ones = digits.pixels().iter().filter(|&&pixel| pixel >= 9).count();
        assert_eq!(binary.values().iter().filter(|&&x| x == 1.0).count(), ones);
        assert_eq!(
            binary.values().iter().filter(|&&x| x == 0.0).count(),
            digits.pixels().len() - ones
        );
        assert_eq!(digits.binary::<f64>(0), Tensor::ones([1797, 64]));
        assert_eq!(digits.binary::<f64>(17), Tensor::zeros([1797, 64]));
    }

    #[test]
    fn damaged_bytes_are_an_error() {
        for bytes in [&b""[..], b"not zlib", &COMPRESSED[..COMPRESSED.len() / 2], &COMPRESSED[1..]]
        {
            let error = decode(bytes).unwrap_err();
            assert!(matches!(error, DataError::Compressed { .. }), "{error}");
            assert!(
                error.to_string().starts_with("Digits: the compressed data are damaged: "),
                "{error}"
            );
        }
        // The checksum at the end catches what the format itself lets pass.
        let mut flipped = COMPRESSED.to_vec();
        let last = flipped.len() - 6;
        flipped[last] ^= 1;
        assert!(matches!(decode(&flipped), Err(DataError::Compressed { .. })));
        assert!(matches!(decode(&compress(&[0xff, 0xfe])), Err(DataError::Compressed { .. })));
    }

    #[test]
    fn damaged_lines_are_an_error_that_names_them() {
        let good = format!("{}7", "1,".repeat(64));
        assert_eq!(decode(&compress(good.as_bytes())).unwrap().labels(), [7]);
        let fields =
            |n| format!("Digits: line 2: 64 pixels and a digit are needed, it has {n} fields");
        assert_eq!(message(&format!("{good}\n1,2,3")), fields(3));
        assert_eq!(message(&format!("{good}\n{}1", "1,".repeat(63))), fields(64));
        assert_eq!(message(&format!("{good}\n{good},5")), fields(66));
        let place = "Digits: line 1: column";
        assert_eq!(
            message(&format!("17{}", &good[1..])),
            format!("{place} 0: a pixel must be from 0 to 16, not \"17\"")
        );
        assert_eq!(
            message(&format!("{good}0")),
            format!("{place} 64: a digit must be from 0 to 9, not \"70\"")
        );
        assert_eq!(message("1,x"), format!("{place} 1: a pixel must be from 0 to 16, not \"x\""));
        assert_eq!(
            message(&format!("{good}\n\n")),
            "Digits: line 2: column 0: a pixel must be from 0 to 16, not \"\""
        );
        assert_eq!(message(""), "Digits: line 1: there is no image");
    }

    #[test]
    #[should_panic(expected = "there is no image 1797 among 1797")]
    fn an_image_that_does_not_exist_panics() {
        let _ = Digits::load().unwrap().image(1797);
    }
}
