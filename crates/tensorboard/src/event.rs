//! The messages of an event file, with the numbers of their fields.
//!
//! Source: `event.proto` and `summary.proto` of <https://github.com/tensorflow/tensorboard>, in
//! `tensorboard/compat/proto`.

use crate::histogram::Histogram;
use crate::image::Header;
use crate::protobuf::Message;

/// The first event of a file: the version of the format.
pub(crate) fn version(wall_time: f64) -> Vec<u8> {
    Message::default().double(1, wall_time).text(3, "brain.Event:2").into_bytes()
}

/// An event with one value of a summary. `wall_time` is in seconds since 1970.
pub(crate) fn summary(wall_time: f64, step: i64, value: Message) -> Vec<u8> {
    let summary = Message::default().message(1, value);
    Message::default().double(1, wall_time).integer(2, step).message(5, summary).into_bytes()
}

/// A number.
pub(crate) fn scalar(tag: &str, value: f32) -> Message {
    Message::default().text(1, tag).float(2, value)
}

/// A picture, as the bytes of a PNG file.
pub(crate) fn image(tag: &str, header: Header, png: &[u8]) -> Message {
    let image = Message::default()
        .integer(1, header.height.into())
        .integer(2, header.width.into())
        .integer(3, header.channels.into())
        .bytes(4, png);
    Message::default().text(1, tag).message(4, image)
}

/// A histogram. A part is told by its right edge; the left one of the first is the smallest value.
pub(crate) fn histogram(tag: &str, histogram: &Histogram) -> Message {
    let edges = &histogram.edges;
    let (low, high) = (edges.first().copied().unwrap_or(0.0), edges.last().copied().unwrap_or(0.0));
    let message = Message::default()
        .double(1, low)
        .double(2, high)
        .double(3, histogram.total() as f64)
        .double(4, histogram.sum)
        .double(5, histogram.sum_of_squares)
        .doubles(6, edges.iter().copied().skip(1))
        .doubles(7, histogram.counts.iter().map(|&count| count as f64));
    Message::default().text(1, tag).message(5, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The messages as TensorBoard 2.21 serialises them, in hexadecimal.
    #[track_caller]
    fn golden(message: &[u8], expected: &str) {
        let hexadecimal: String = message.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hexadecimal, expected);
    }

    #[test]
    fn the_version() {
        golden(&version(1.5), "09000000000000f83f1a0d627261696e2e4576656e743a32");
    }

    #[test]
    fn a_number() {
        let expected = "09000000000000f83f10ac022a0d0a0b0a046c6f7373150000803e";
        golden(&summary(1.5, 300, scalar("loss", 0.25)), expected);
    }

    #[test]
    fn a_picture() {
        let header = Header { width: 3, height: 2, channels: 1 };
        let expected = "09000000000000f83f10012a120a100a0169220b0802100318012203706e67";
        golden(&summary(1.5, 1, image("i", header, b"png")), expected);
    }

    #[test]
    fn a_distribution() {
        let (edges, counts) = (vec![-1.0, 0.0, 1.0], vec![1, 2]);
        let values = Histogram { edges, counts, sum: 0.5, sum_of_squares: 1.25 };
        let expected = "09000000000000f83f10012a580a560a01772a51\
            09000000000000f0bf11000000000000f03f190000000000000840\
            21000000000000e03f29000000000000f43f\
            32100000000000000000000000000000f03f3a10000000000000f03f0000000000000040";
        golden(&summary(1.5, 1, histogram("w", &values)), expected);
    }
}
