//! Dates and times as numbers.

/// In which order a date is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Order {
    YearMonthDay,
    MonthDayYear,
    DayMonthYear,
}

/// The days since 1 January 1970 of a date such as `2021-03-04`, `3/4/2021` or `04.03.2021`.
pub(super) fn date(cell: &[u8], order: Order) -> Option<f64> {
    let mark = *cell.iter().find(|byte| !byte.is_ascii_digit())?;
    if !matches!(mark, b'-' | b'/' | b'.') {
        return None;
    }
    let mut parts = cell.split(|byte| *byte == mark);
    let [first, second, third] = [parts.next()?, parts.next()?, parts.next()?];
    if parts.next().is_some() {
        return None;
    }
    let (year, month, day) = match order {
        Order::YearMonthDay => (first, second, third),
        Order::MonthDayYear => (third, first, second),
        Order::DayMonthYear => (third, second, first),
    };
    let short = |part: &[u8]| digits(part, 1..=2);
    days(digits(year, 4..=4)?, short(month)?, short(day)?)
}

/// The seconds since 1970 of a date alone, or with a time. The time stands behind a blank or a `T`,
/// and with an offset from UTC such as `Z` or `+02:00` or without.
pub(super) fn date_and_time(cell: &[u8], order: Order) -> Option<f64> {
    let end = cell.iter().position(|byte| matches!(byte, b' ' | b'T'));
    let Some(end) = end else { return Some(date(cell, order)? * 86_400.0) };
    let (day, clock) = (date(&cell[..end], order)?, cell[end + 1..].trim_ascii());
    let zone = clock.iter().position(|byte| matches!(byte, b'Z' | b'+' | b'-'));
    let (clock, zone) = clock.split_at(zone.unwrap_or(clock.len()));
    let offset = match zone {
        b"" | b"Z" => 0.0,
        [sign, rest @ ..] => {
            let minutes = match rest {
                [hours @ .., b':', _, _] => (digits(hours, 2..=2)?, &rest[3..]),
                [_, _, minutes @ ..] if minutes.len() == 2 => (digits(&rest[..2], 2..=2)?, minutes),
                _ => (digits(rest, 2..=2)?, &b"00"[..]),
            };
            let minutes = 60 * minutes.0 + digits(minutes.1, 2..=2)?;
            f64::from(minutes) * if *sign == b'-' { -60.0 } else { 60.0 }
        }
    };
    Some(day * 86_400.0 + time(clock.trim_ascii())? - offset)
}

/// The seconds since midnight of a time such as `12:30`, `12:30:45` or `12:30:45.5`.
pub(super) fn time(cell: &[u8]) -> Option<f64> {
    let mut parts = cell.splitn(3, |byte| *byte == b':');
    let (hours, minutes) = (digits(parts.next()?, 1..=2)?, digits(parts.next()?, 2..=2)?);
    let seconds = match parts.next() {
        None => 0.0,
        Some(seconds) => {
            let whole = seconds.split(|byte| *byte == b'.').next()?;
            digits(whole, 2..=2)?;
            super::number::plain(seconds)?
        }
    };
    // 24:00 is the end of a day, 60 a leap second.
    let fits = (hours < 24 || (hours == 24 && minutes == 0)) && minutes < 60 && seconds < 61.0;
    fits.then(|| f64::from(3600 * hours + 60 * minutes) + seconds)
}

fn digits(text: &[u8], length: std::ops::RangeInclusive<usize>) -> Option<i32> {
    let fits = length.contains(&text.len()) && text.iter().all(u8::is_ascii_digit);
    fits.then(|| text.iter().fold(0, |sum, digit| 10 * sum + i32::from(digit - b'0')))
}

/// The days since 1 January 1970 in the calendar of Gregory.
fn days(year: i32, month: i32, day: i32) -> Option<f64> {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let lengths = [31, 28 + i32::from(is_leap), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let length = *lengths.get(usize::try_from(month - 1).ok()?)?;
    if !(1..=length).contains(&day) {
        return None;
    }
    // Leap days up to the end of the year before.
    let leaps = |year: i32| year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    let years = 365 * (year - 1970) + leaps(year - 1) - leaps(1969);
    let months: i32 = lengths[..month as usize - 1].iter().sum();
    Some(f64::from(years + months + day - 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_days_since_1970() {
        use Order::{DayMonthYear, MonthDayYear, YearMonthDay};
        for (text, order, expected) in [
            ("1970-01-01", YearMonthDay, Some(0.0)),
            ("2000-03-01", YearMonthDay, Some(11_017.0)),
            ("2026/12/01", YearMonthDay, Some(20_788.0)),
            ("1900-02-28", YearMonthDay, Some(-25_509.0)),
            ("1900-02-29", YearMonthDay, None),
            ("2000-02-29", YearMonthDay, Some(11_016.0)),
            ("0001-01-01", YearMonthDay, Some(-719_162.0)),
            ("3/4/2021", MonthDayYear, Some(18_690.0)),
            ("04.03.2021", DayMonthYear, Some(18_690.0)),
            ("13/4/2021", MonthDayYear, None),
            ("2021-03", YearMonthDay, None),
            ("2021-03-04-05", YearMonthDay, None),
            ("21-03-04", YearMonthDay, None),
            ("-1", YearMonthDay, None),
        ] {
            assert_eq!(date(text.as_bytes(), order), expected, "{text}");
        }
    }

    #[test]
    fn times_are_seconds() {
        let order = Order::YearMonthDay;
        for (text, expected) in [
            ("1970-01-02", Some(86_400.0)),
            ("1970-01-01 00:01", Some(60.0)),
            ("1970-01-01T01:00:00.25Z", Some(3600.25)),
            ("1970-01-01T01:00:00+02:00", Some(-3600.0)),
            ("1970-01-01 01:00-0130", Some(9000.0)),
            ("1970-01-01 01:00+01", Some(0.0)),
            ("1970-01-01 25:00", None),
            ("1970-01-01 noon", None),
        ] {
            assert_eq!(date_and_time(text.as_bytes(), order), expected, "{text}");
        }
        for (text, expected) in [
            ("12:30", Some(45_000.0)),
            ("9:05:07.5", Some(32_707.5)),
            ("12:60", None),
            ("24:00", Some(86_400.0)),
            ("24:01", None),
            ("12", None),
            ("1:2:3", None),
        ] {
            assert_eq!(time(text.as_bytes()), expected, "{text}");
        }
    }
}
