//! The framing of a TFRecord file: for each record its length in 8 bytes, a checksum of these, the
//! record, a checksum of the record; all little-endian.
//!
//! Source: <https://www.tensorflow.org/tutorials/load_data/tfrecord>.

use crc::{CRC_32_ISCSI, Crc, Table};

/// CRC-32C, Castagnoli's polynomial.
const CRC: Crc<u32, Table<16>> = Crc::<u32, Table<16>>::new(&CRC_32_ISCSI);

/// A record with its frame.
pub(crate) fn framed(record: &[u8]) -> Vec<u8> {
    let length = (record.len() as u64).to_le_bytes();
    let checksum = |bytes| masked_checksum(bytes).to_le_bytes();
    [&length[..], &checksum(&length), record, &checksum(record)].concat()
}

/// The checksum turned right by 15 bits, plus a constant: that of bytes which hold checksums
/// themselves would be weak.
fn masked_checksum(bytes: &[u8]) -> u32 {
    CRC.checksum(bytes).rotate_right(15).wrapping_add(0xa282_ead8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_that_of_rfc_3720() {
        // Appendix B.4.
        assert_eq!(CRC.checksum(&[0; 32]), 0x8a91_36aa);
        assert_eq!(CRC.checksum(&[0xff; 32]), 0x62a8_ab43);
        assert_eq!(CRC.checksum(b"123456789"), 0xe306_9283);
    }

    #[test]
    fn a_frame_is_that_of_tensorboard() {
        // `RecordWriter` of TensorBoard 2.21.
        let expected = b"\x09\0\0\0\0\0\0\0\x37\xf9\x71\x39chainrule\x92\xa8\x14\xd8";
        assert_eq!(framed(b"chainrule"), expected);
    }
}
