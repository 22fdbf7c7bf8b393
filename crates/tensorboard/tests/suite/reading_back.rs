//! Files written by hand, read back from the bytes.

use crate::common;

use std::time::{SystemTime, UNIX_EPOCH};

use chainrule_tensorboard::{EventWriter, Histogram};
use common::{Value, events_in};

#[test]
fn every_kind_of_value_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let before = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64();
    let mut writer = EventWriter::create(folder.path()).unwrap();
    writer.scalar("loss", 0, 0.1).unwrap();
    writer.scalar("Verlust/größer", 1 << 40, f64::NEG_INFINITY).unwrap();
    let values = Histogram::of(&[-1.0, 0.25, 1.0], 4);
    writer.histogram("weights", 3, &values).unwrap();
    let mut png = Vec::new();
    let mut encoder = png::Encoder::new(&mut png, 4, 2);
    encoder.set_color(png::ColorType::Rgb);
    encoder.write_header().unwrap().write_image_data(&[7; 24]).unwrap();
    writer.image("picture", 200, &png).unwrap();
    drop(writer);

    let events = events_in(folder.path());
    assert!(events.iter().all(|event| (before..before + 3600.0).contains(&event.wall_time)));
    assert_eq!(events[0].version.as_deref(), Some("brain.Event:2"));
    assert!(events[0].value.is_none());
    let seen: Vec<_> =
        events[1..].iter().map(|event| (event.step, event.value.clone().unwrap())).collect();
    let histogram = Value::Histogram(
        [-1.0, 1.0, 3.0, 0.25, 2.0625],
        vec![-0.5, 0.0, 0.5, 1.0],
        vec![1.0, 0.0, 1.0, 1.0],
    );
    let expected = [
        (0, ("loss".to_owned(), Value::Scalar(0.1))),
        (1 << 40, ("Verlust/größer".to_owned(), Value::Scalar(f32::NEG_INFINITY))),
        (3, ("weights".to_owned(), histogram)),
        (200, ("picture".to_owned(), Value::Image(4, 2, 3, png))),
    ];
    assert_eq!(seen, expected);
}

/// A reader sees whole records while the writer goes on.
#[test]
fn a_file_can_be_read_after_every_flush() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = EventWriter::create(folder.path()).unwrap();
    for step in 1..=5 {
        writer.scalar("loss", step, 1.0).unwrap();
        writer.flush().unwrap();
        assert_eq!(events_in(folder.path()).len() as u64, step + 1);
    }
}
