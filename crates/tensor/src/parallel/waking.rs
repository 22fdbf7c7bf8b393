//! Judges if short work is worth waking a sleeping thread for, which comes some tens of
//! microseconds later.
//!
//! Learned from what came before: single predictions now and then are never worth it, many in a row
//! are. A prediction of 784-512-256-10 every 300 us took 1.3 to 1.5 of one thread's time on two
//! that were always woken, on AMD Zen 3. This way it takes 1.0, and 0.6 to 0.7 where predictions
//! come in a row.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::lock;

/// From this many jobs on, it was worth waking a thread for them.
const ENOUGH: u64 = 4;

/// How long short work must have come in a row before it wakes a thread for the first time. It is
/// several times as long as it takes until the thread is there.
const LONG_ROW: Duration = Duration::from_micros(200);

/// The longest pause between two jobs in a row: shorter than a thread looks for work before it
/// sleeps.
const PAUSE: Duration = Duration::from_micros(75);

pub(super) struct Waking {
    /// True if it was worth it the last time.
    paid: AtomicBool,
    row: Mutex<Row>,
}

/// Short jobs one soon after the other, while a thread slept.
struct Row {
    begun: Instant,
    ended: Instant,
}

impl Waking {
    pub(super) fn new(now: Instant) -> Self {
        Waking { paid: AtomicBool::new(false), row: Mutex::new(Row { begun: now, ended: now }) }
    }

    /// A thread goes to sleep, which was in time for so many jobs since it woke up. Of several the
    /// last one decides.
    pub(super) fn slept_after(&self, jobs: u64) {
        self.paid.store(jobs >= ENOUGH, Ordering::Relaxed);
    }

    /// Returns true if short work that begins now, while a thread sleeps, is worth waking it.
    pub(super) fn pays(&self, now: Instant) -> bool {
        let mut row = lock(&self.row);
        if now.duration_since(row.ended) > PAUSE {
            row.begun = now;
        }
        self.paid.load(Ordering::Relaxed) || now.duration_since(row.begun) >= LONG_ROW
    }

    /// That work is done.
    pub(super) fn done(&self, now: Instant) {
        lock(&self.row).ended = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Jobs of this length, after pauses of this length, until one is worth waking a thread or
    /// `most` are done.
    fn jobs_alone(
        waking: &Waking,
        begin: Instant,
        [length, pause]: [u64; 2],
        most: usize,
    ) -> (usize, Instant) {
        let mut now = begin;
        for job in 0..most {
            now += Duration::from_micros(pause);
            if waking.pays(now) {
                return (job, now);
            }
            now += Duration::from_micros(length);
            waking.done(now);
        }
        (most, now)
    }

    #[test]
    fn work_now_and_then_never_pays_and_work_in_a_row_does() {
        let begin = Instant::now();
        let waking = Waking::new(begin);
        let (jobs, now) = jobs_alone(&waking, begin, [50, 100], 1000);
        assert_eq!(jobs, 1000, "a pause ends the row");
        // The first begins a row, in which 200 us have gone by when the fifth begins.
        let (jobs, now) = jobs_alone(&waking, now + PAUSE, [30, 20], 1000);
        assert_eq!(jobs, 4);
        assert!(!waking.pays(now + Duration::from_millis(1)), "a pause ends this row too");
    }

    #[test]
    fn what_paid_once_is_worth_it_at_once() {
        let begin = Instant::now();
        let waking = Waking::new(begin);
        let later = |ms| begin + Duration::from_millis(ms);
        waking.slept_after(ENOUGH);
        assert!(waking.pays(later(1)));
        waking.slept_after(ENOUGH - 1);
        assert!(!waking.pays(later(2)), "it came too late for most");
    }
}
