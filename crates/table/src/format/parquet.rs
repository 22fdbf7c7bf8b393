//! Tables in Parquet (<https://parquet.apache.org/docs/file-format/>), of which each column is read
//! as it is stored.

use std::panic::{AssertUnwindSafe, catch_unwind};

use ::parquet::basic::{Compression, ConvertedType, LogicalType, TimeUnit, Type};
use ::parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use ::parquet::data_type::{AsBytes, DataType};
use ::parquet::errors::ParquetError;
use ::parquet::file::reader::{ChunkReader, FileReader, SerializedFileReader};
use ::parquet::schema::types::ColumnDescriptor;
use bytes::Bytes;
use chainrule_tensor::memory;

use super::{check_columns, numbers, raw, words};
use crate::cell::{Form, is_missing};
use crate::raw::{EXACT, Raw, RawColumn};
use crate::words::Words;
use crate::{Source, TableError};

/// Reads all columns; those of lists are left out, and said.
pub(super) fn read(
    source: &Source,
    whole: impl FnOnce() -> Result<Vec<u8>, TableError>,
) -> Result<Raw, TableError> {
    match source.plain_file()? {
        Some(file) => guarded(source, file),
        None => guarded(source, Bytes::from(whole()?)),
    }
}

/// The library panics on some damaged files, such as a page of codes without its dictionary.
fn guarded(source: &Source, chunks: impl ChunkReader + 'static) -> Result<Raw, TableError> {
    let read = catch_unwind(AssertUnwindSafe(|| open(source, chunks)));
    read.unwrap_or_else(|_| Err(source.wrong("is a damaged Parquet file; write it anew")))
}

fn open(source: &Source, chunks: impl ChunkReader + 'static) -> Result<Raw, TableError> {
    let damaged = |error: ParquetError| {
        let why = chainrule_config::shown(&error.to_string());
        source.wrong(format!("is a damaged Parquet file ({why}); write it anew"))
    };
    let length = chunks.len();
    let file = SerializedFileReader::new(chunks).map_err(damaged)?;
    let schema = file.metadata().file_metadata().schema_descr_ptr();
    let rows = file.metadata().row_groups().iter().map(|group| group.num_rows()).sum::<i64>();
    let rows = usize::try_from(rows).unwrap_or(usize::MAX);
    let width = schema.num_columns();
    check_columns(width).map_err(|what| source.wrong(what))?;
    memory::check::<f64>(rows.saturating_mul(width))
        .map_err(|why| source.wrong(format!("holds {why}")))?;
    check_columns_of(&file, length).map_err(|what| source.wrong(what))?;
    let groups: Vec<_> = (0..file.num_row_groups())
        .map(|group| file.get_row_group(group).map_err(damaged))
        .collect::<Result<_, _>>()?;
    let (mut names, mut columns, mut notes) = (Vec::new(), Vec::new(), Vec::new());
    for at in 0..width {
        let column = schema.column(at);
        let name = column.path().parts().join(".");
        let read = if column.max_rep_level() > 0 {
            notes.push(format!(
                "left out: column {}, which holds lists",
                chainrule_config::shown(&name)
            ));
            words(std::iter::repeat_n(None::<&str>, rows))
        } else {
            let mut taken = Taken::new(&column);
            for group in &groups {
                let count = usize::try_from(group.metadata().num_rows()).unwrap_or(0);
                let reader = group.get_column_reader(at).map_err(damaged)?;
                taken.group(reader, count, column.max_def_level()).map_err(damaged)?;
            }
            taken.column()
        };
        let there = match &read {
            RawColumn::Numbers { values, .. } => values.len(),
            RawColumn::Words(words) => words.codes.len(),
            RawColumn::Skipped => 0,
        };
        if there != rows {
            let what = format!(
                "is a damaged Parquet file (column {} has {there} rows of {rows}); write it anew",
                chainrule_config::shown(&name)
            );
            return Err(source.wrong(what));
        }
        names.push(name);
        columns.push(read);
    }
    Ok(raw(names, columns, rows, notes))
}

/// That columns lie in the file, and this build can unpack them.
fn check_columns_of(file: &dyn FileReader, length: u64) -> Result<(), String> {
    let columns = file.metadata().row_groups().iter().flat_map(|group| group.columns());
    for column in columns {
        // The library takes for granted that it does.
        let begin = column.dictionary_page_offset().unwrap_or(column.data_page_offset());
        let end = begin.checked_add(column.compressed_size());
        let lies_within = begin >= 0
            && column.data_page_offset() >= 0
            && column.compressed_size() >= 0
            && column.num_values() >= 0
            && end.is_some_and(|end| end as u64 <= length);
        if !lies_within {
            let name = chainrule_config::shown(&column.column_path().string());
            return Err(format!(
                "is a damaged Parquet file (column {name} lies beyond it); write it anew"
            ));
        }
        match column.compression() {
            Compression::ZSTD(_) if !cfg!(feature = "parquet-zstd") => {
                return Err(
                    "is packed by Zstandard; use a build with the feature `parquet-zstd`, \
                            or write it with Snappy"
                        .to_owned(),
                );
            }
            method @ (Compression::BROTLI(_) | Compression::LZO) => {
                return Err(format!("is packed by {method}; write it with Snappy"));
            }
            _ => {}
        }
    }
    Ok(())
}

/// The values of a column so far.
enum Taken {
    Numbers {
        form: Form,
        meaning: Meaning,
        values: Vec<f64>,
    },
    /// Whole numbers, which may be too long to be held as numbers.
    Whole {
        is_unsigned: bool,
        values: Vec<Option<i128>>,
    },
    Words {
        is_text: bool,
        words: Words,
    },
}

/// The meaning of a stored number.
#[derive(Clone, Copy)]
enum Meaning {
    /// It is divided by this: the power of ten of a decimal number, or the parts of a second.
    Divided(f64),
    /// Its bytes are a number of 16 bits.
    Half,
}

impl Taken {
    fn new(column: &ColumnDescriptor) -> Taken {
        use Type::{BOOLEAN, BYTE_ARRAY, DOUBLE, FIXED_LEN_BYTE_ARRAY, FLOAT, INT32, INT64, INT96};
        let form = |name: &str| name.parse().unwrap_or(Form::NUMBER);
        let numbers = |form, meaning| Taken::Numbers { form, meaning, values: Vec::new() };
        let (physical, logical) = (column.physical_type(), column.logical_type_ref());
        let converted = column.converted_type();
        let unit = |unit: &TimeUnit| match unit {
            TimeUnit::MILLIS => 1e3,
            TimeUnit::MICROS => 1e6,
            TimeUnit::NANOS => 1e9,
        };
        let decimal = || {
            let is_decimal = matches!(logical, Some(LogicalType::Decimal(_)))
                || converted == ConvertedType::DECIMAL;
            is_decimal.then(|| 10f64.powi(column.type_scale()))
        };
        if let Some(divisor) = decimal() {
            return numbers(Form::NUMBER, Meaning::Divided(divisor));
        }
        match (physical, logical, converted) {
            (_, Some(LogicalType::Date), _) | (INT32, _, ConvertedType::DATE) => {
                numbers(form("date"), Meaning::Divided(1.0))
            }
            (_, Some(LogicalType::Timestamp(time)), _) => {
                numbers(form("date and time"), Meaning::Divided(unit(&time.unit)))
            }
            (_, _, ConvertedType::TIMESTAMP_MILLIS) => {
                numbers(form("date and time"), Meaning::Divided(1e3))
            }
            (_, _, ConvertedType::TIMESTAMP_MICROS) => {
                numbers(form("date and time"), Meaning::Divided(1e6))
            }
            (INT96, ..) => numbers(form("date and time"), Meaning::Divided(1.0)),
            (_, Some(LogicalType::Time(time)), _) => {
                numbers(form("time"), Meaning::Divided(unit(&time.unit)))
            }
            (_, _, ConvertedType::TIME_MILLIS) => numbers(form("time"), Meaning::Divided(1e3)),
            (_, _, ConvertedType::TIME_MICROS) => numbers(form("time"), Meaning::Divided(1e6)),
            (FIXED_LEN_BYTE_ARRAY, Some(LogicalType::Float16), _) => {
                numbers(Form::NUMBER, Meaning::Half)
            }
            (INT32 | INT64, logical, converted) => {
                let is_unsigned = match logical {
                    Some(LogicalType::Integer(kind)) => !kind.is_signed,
                    _ => matches!(
                        converted,
                        ConvertedType::UINT_8
                            | ConvertedType::UINT_16
                            | ConvertedType::UINT_32
                            | ConvertedType::UINT_64
                    ),
                };
                Taken::Whole { is_unsigned, values: Vec::new() }
            }
            (BOOLEAN | FLOAT | DOUBLE, ..) => numbers(Form::NUMBER, Meaning::Divided(1.0)),
            (BYTE_ARRAY, ..) => Taken::Words { is_text: true, words: Words::default() },
            (FIXED_LEN_BYTE_ARRAY, ..) => Taken::Words { is_text: false, words: Words::default() },
        }
    }

    /// Adds the values of a group of rows.
    fn group(&mut self, reader: ColumnReader, rows: usize, level: i16) -> Result<(), ParquetError> {
        match reader {
            ColumnReader::BoolColumnReader(reader) => each(reader, rows, level, |value| {
                self.number(value.map(|value| f64::from(u8::from(*value))));
            }),
            ColumnReader::Int32ColumnReader(reader) => each(reader, rows, level, |value| {
                let is_unsigned = matches!(self, Taken::Whole { is_unsigned: true, .. });
                self.whole(value.map(|&value| match is_unsigned {
                    true => i128::from(value as u32),
                    false => i128::from(value),
                }));
            }),
            ColumnReader::Int64ColumnReader(reader) => each(reader, rows, level, |value| {
                let is_unsigned = matches!(self, Taken::Whole { is_unsigned: true, .. });
                self.whole(value.map(|&value| match is_unsigned {
                    true => i128::from(value as u64),
                    false => i128::from(value),
                }));
            }),
            ColumnReader::Int96ColumnReader(reader) => each(reader, rows, level, |value| {
                self.number(value.map(|value| {
                    let [low, high, day] = value.data() else { return f64::NAN };
                    let nanoseconds = u64::from(*high) << 32 | u64::from(*low);
                    // The day of Julius on which 1970 begins.
                    (f64::from(*day) - 2_440_588.0) * 86_400.0 + nanoseconds as f64 / 1e9
                }));
            }),
            ColumnReader::FloatColumnReader(reader) => {
                each(reader, rows, level, |value| self.number(value.map(|&value| value.into())))
            }
            ColumnReader::DoubleColumnReader(reader) => {
                each(reader, rows, level, |value| self.number(value.copied()))
            }
            ColumnReader::ByteArrayColumnReader(reader) => {
                each(reader, rows, level, |value| self.bytes(value.map(AsBytes::as_bytes)))
            }
            ColumnReader::FixedLenByteArrayColumnReader(reader) => {
                each(reader, rows, level, |value| self.bytes(value.map(AsBytes::as_bytes)))
            }
        }
    }

    fn number(&mut self, value: Option<f64>) {
        if let Taken::Numbers { meaning, values, .. } = self {
            let divisor = match meaning {
                Meaning::Divided(divisor) => *divisor,
                Meaning::Half => 1.0,
            };
            values.push(value.map_or(f64::NAN, |value| value / divisor));
        }
    }

    fn whole(&mut self, value: Option<i128>) {
        match self {
            Taken::Whole { values, .. } => values.push(value),
            _ => self.number(value.map(|value| value as f64)),
        }
    }

    fn bytes(&mut self, value: Option<&[u8]>) {
        match self {
            Taken::Words { is_text, words } => {
                let text = value.map(|bytes| match is_text {
                    true => bytes.trim_ascii().to_vec(),
                    false => bytes.iter().flat_map(|b| format!("{b:02x}").into_bytes()).collect(),
                });
                match text {
                    Some(text) if !is_missing(&text) && words.push(&text).is_ok() => {}
                    _ => words.push_missing(),
                }
            }
            Taken::Numbers { meaning: Meaning::Half, .. } => {
                let half = |bytes: &[u8]| match bytes {
                    [low, high] => super::npy::half(u16::from_le_bytes([*low, *high])),
                    _ => f64::NAN,
                };
                self.number(value.map(half));
            }
            // A decimal number: its digits as a whole number in two's complement.
            _ => self.whole(value.map(|bytes| {
                let sign = if bytes.first().is_some_and(|byte| *byte >= 0x80) { -1 } else { 0 };
                bytes.iter().fold(sign, |sum: i128, byte| sum << 8 | i128::from(*byte))
            })),
        }
    }

    fn column(self) -> RawColumn {
        match self {
            Taken::Words { words, .. } => RawColumn::Words(words),
            Taken::Numbers { form, values, .. } => match numbers(values) {
                RawColumn::Numbers { values, infinite, .. } => {
                    RawColumn::Numbers { form, values, infinite }
                }
                other => other,
            },
            Taken::Whole { values, .. } => {
                let fits = |value: &Option<i128>| {
                    value.is_none_or(|value| (value.unsigned_abs() as f64) < EXACT)
                };
                if values.iter().all(fits) {
                    let number = |value: Option<i128>| value.map_or(f64::NAN, |value| value as f64);
                    return numbers(values.into_iter().map(number).collect());
                }
                words(values.into_iter().map(|value| value.map(|value| value.to_string())))
            }
        }
    }
}

/// Hands each value of a column on, `None` where one is missing.
fn each<T: DataType>(
    mut reader: ColumnReaderImpl<T>,
    rows: usize,
    level: i16,
    mut take: impl FnMut(Option<&T::T>),
) -> Result<(), ParquetError> {
    const BATCH: usize = 1 << 14;
    let mut left = rows;
    let (mut values, mut levels) = (Vec::new(), Vec::new());
    while left > 0 {
        values.clear();
        levels.clear();
        let asked = (level > 0).then_some(&mut levels);
        let (records, ..) = reader.read_records(left.min(BATCH), asked, None, &mut values)?;
        if records == 0 {
            break;
        }
        left -= records.min(left);
        if level == 0 {
            values.iter().for_each(|value| take(Some(value)));
            continue;
        }
        let mut there = values.iter();
        for found in &levels {
            take(if *found == level { there.next() } else { None });
        }
    }
    Ok(())
}
