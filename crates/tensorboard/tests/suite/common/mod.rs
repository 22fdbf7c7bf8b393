//! Reads event files back, from the definitions of the formats and without the crate's own code.

use std::path::Path;

/// An event: its step and what its summary holds, if it has one.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    pub wall_time: f64,
    pub step: u64,
    pub version: Option<String>,
    pub value: Option<(String, Value)>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Scalar(f32),
    /// Smallest, largest, number, sum, sum of squares; right edges; counts.
    Histogram([f64; 5], Vec<f64>, Vec<f64>),
    /// Width, height, channels, bytes.
    Image(u64, u64, u64, Vec<u8>),
}

/// All events in the only event file of a folder.
pub fn events_in(folder: &Path) -> Vec<Event> {
    let paths: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    let [path] = &paths[..] else { panic!("one file in {}: {paths:?}", folder.display()) };
    events(&std::fs::read(path).unwrap())
}

/// All events of a file, its checksums checked.
pub fn events(mut file: &[u8]) -> Vec<Event> {
    let mut events = Vec::new();
    while !file.is_empty() {
        let (length, rest) = file.split_first_chunk::<8>().expect("a length");
        let (length_sum, rest) = rest.split_first_chunk::<4>().expect("its checksum");
        assert_eq!(u32::from_le_bytes(*length_sum), masked_crc32c(length));
        let (record, rest) = rest.split_at(u64::from_le_bytes(*length) as usize);
        let (record_sum, rest) = rest.split_first_chunk::<4>().expect("the record's checksum");
        assert_eq!(u32::from_le_bytes(*record_sum), masked_crc32c(record));
        events.push(event(record));
        file = rest;
    }
    events
}

/// The scalars under a tag, by step.
pub fn scalars(events: &[Event], tag: &str) -> Vec<(u64, f32)> {
    let of = |event: &Event| match &event.value {
        Some((name, Value::Scalar(value))) if name == tag => Some((event.step, *value)),
        _ => None,
    };
    events.iter().filter_map(of).collect()
}

/// The tags, each once, in the order in which they first appear.
pub fn tags(events: &[Event]) -> Vec<&str> {
    let mut tags = Vec::new();
    for (tag, _) in events.iter().filter_map(|event| event.value.as_ref()) {
        if !tags.contains(&tag.as_str()) {
            tags.push(tag.as_str());
        }
    }
    tags
}

/// Bit by bit, with Castagnoli's polynomial reflected.
fn masked_crc32c(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for &byte in bytes {
        crc ^= u32::from(byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0x82f6_3b78 } else { crc >> 1 };
        }
    }
    let crc = !crc;
    crc.rotate_right(15).wrapping_add(0xa282_ead8)
}

/// A field of a message.
enum Field<'a> {
    Integer(u64),
    Double(f64),
    Float(f32),
    Bytes(&'a [u8]),
}

fn varint(bytes: &mut &[u8]) -> u64 {
    let mut value = 0;
    for shift in (0..).step_by(7) {
        let (byte, rest) = bytes.split_first().expect("a byte of a varint");
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if *byte < 0x80 {
            break;
        }
    }
    value
}

fn fields(mut bytes: &[u8]) -> Vec<(u64, Field<'_>)> {
    let mut fields = Vec::new();
    while !bytes.is_empty() {
        let key = varint(&mut bytes);
        let field = match key & 7 {
            0 => Field::Integer(varint(&mut bytes)),
            1 => {
                let (eight, rest) = bytes.split_first_chunk::<8>().expect("eight bytes");
                bytes = rest;
                Field::Double(f64::from_le_bytes(*eight))
            }
            2 => {
                let length = varint(&mut bytes) as usize;
                let (inner, rest) = bytes.split_at(length);
                bytes = rest;
                Field::Bytes(inner)
            }
            5 => {
                let (four, rest) = bytes.split_first_chunk::<4>().expect("four bytes");
                bytes = rest;
                Field::Float(f32::from_le_bytes(*four))
            }
            other => panic!("wire type {other}"),
        };
        fields.push((key >> 3, field));
    }
    fields
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn doubles(bytes: &[u8]) -> Vec<f64> {
    bytes.as_chunks::<8>().0.iter().map(|eight| f64::from_le_bytes(*eight)).collect()
}

fn event(bytes: &[u8]) -> Event {
    let mut event = Event { wall_time: 0.0, step: 0, version: None, value: None };
    for field in fields(bytes) {
        match field {
            (1, Field::Double(time)) => event.wall_time = time,
            (2, Field::Integer(step)) => event.step = step,
            (3, Field::Bytes(version)) => event.version = Some(text(version)),
            (5, Field::Bytes(summary)) => {
                let [(1, Field::Bytes(inner))] = fields(summary)[..] else {
                    panic!("one value in a summary")
                };
                event.value = Some(value(inner));
            }
            (number, _) => panic!("field {number} of an event"),
        }
    }
    event
}

fn value(bytes: &[u8]) -> (String, Value) {
    let fields = fields(bytes);
    let [(1, Field::Bytes(tag)), (number, field)] = &fields[..] else {
        panic!("a tag and a value")
    };
    let value = match (number, field) {
        (2, Field::Float(value)) => Value::Scalar(*value),
        (4, Field::Bytes(inner)) => image(inner),
        (5, Field::Bytes(inner)) => histogram(inner),
        (number, _) => panic!("field {number} of a value"),
    };
    (text(tag), value)
}

fn image(bytes: &[u8]) -> Value {
    let fields = fields(bytes);
    let [
        (1, Field::Integer(height)),
        (2, Field::Integer(width)),
        (3, Field::Integer(channels)),
        (4, Field::Bytes(png)),
    ] = fields[..]
    else {
        panic!("an image")
    };
    Value::Image(width, height, channels, png.to_vec())
}

fn histogram(bytes: &[u8]) -> Value {
    let (mut numbers, mut limits, mut counts) = ([f64::NAN; 5], Vec::new(), Vec::new());
    for field in fields(bytes) {
        match field {
            (number @ 1..=5, Field::Double(x)) => numbers[number as usize - 1] = x,
            (6, Field::Bytes(packed)) => limits = doubles(packed),
            (7, Field::Bytes(packed)) => counts = doubles(packed),
            (number, _) => panic!("field {number} of a histogram"),
        }
    }
    Value::Histogram(numbers, limits, counts)
}
