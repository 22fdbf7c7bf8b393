//! Threads that wait for work: a pool that hands a closure to all of its threads in well under a
//! microsecond.
//!
//! A part of the work is a number. The same parts are done in the same way whichever thread does
//! them. So results do not depend on the number of threads as long as the parts do not share sums.

mod chunks;
mod waking;

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

pub use chunks::Chunks;
use waking::Waking;

/// How often a waiting thread looks for work before it goes to sleep. It is about 100 us on AMD Zen
/// 3: longer than most gaps within a training step, short enough not to be in the way of other
/// programs.
const SPINS: u32 = 4_000;

/// A yield that takes longer was another thread's turn.
const TURN: Duration = Duration::from_micros(20);

/// The largest number of threads of a [`Pool`], and of parts of a [`Chunks`].
pub const MAX_THREADS: usize = 64;

/// A number of threads that share work, the calling one included.
///
/// ```
/// use chainrule_tensor::parallel::{Chunks, Pool};
///
/// let pool = Pool::new(2);
/// let mut squares = vec![0; 10];
/// let chunks = Chunks::new(&mut squares, 5);
/// pool.run(2, |part| {
///     for (i, square) in chunks.take(part).iter_mut().enumerate() {
///         *square = (5 * part + i).pow(2);
///     }
/// });
/// assert_eq!(squares[7], 49);
/// ```
pub struct Pool {
    shared: Arc<Shared>,
    /// Held while a job runs. A second caller, or a job within a job, works alone instead of
    /// waiting.
    running: Mutex<()>,
    workers: Vec<JoinHandle<()>>,
}

struct Shared {
    /// The job at hand; valid while it is open or someone is at work on it.
    job: Mutex<Option<Job>>,
    /// The number of the job, whether it is open, and how many workers are at work on it; or
    /// `STOP`.
    state: AtomicU64,
    /// The next part that no one has taken.
    next: AtomicUsize,
    /// The workers that are up.
    ready: AtomicUsize,
    /// A bit for each worker that sleeps, is about to, or is woken and not yet back.
    asleep: AtomicU64,
    waking: Waking,
    panic: Mutex<Option<Box<dyn Any + Send>>>,
}

/// Ends the threads.
const STOP: u64 = u64::MAX;
/// The bits that count the workers at work.
const AT_WORK: u64 = 0xff;
/// Set while workers may still join.
const OPEN: u64 = 0x100;
/// One more job.
const NEXT_JOB: u64 = 0x200;

/// A closure that lives at least until every worker is done with it.
#[derive(Clone, Copy)]
struct Job {
    work: &'static (dyn Fn(usize) + Sync),
    parts: usize,
}

impl Pool {
    /// A pool of this many threads, one of which is whoever calls [`run`](Pool::run). At least 1,
    /// at most [`MAX_THREADS`]; if the system refuses a thread, there are fewer.
    #[must_use]
    pub fn new(threads: usize) -> Self {
        let shared = Arc::new(Shared {
            job: Mutex::new(None),
            state: AtomicU64::new(0),
            next: AtomicUsize::new(0),
            ready: AtomicUsize::new(0),
            asleep: AtomicU64::new(0),
            waking: Waking::new(Instant::now()),
            panic: Mutex::new(None),
        });
        let spawn = |i: usize| {
            let shared = Arc::clone(&shared);
            thread::Builder::new()
                .name(format!("chainrule-{i}"))
                .spawn(move || shared.serve(1 << (i - 1)))
        };
        let workers: Vec<_> =
            (1..threads.clamp(1, MAX_THREADS)).map_while(|i| spawn(i).ok()).collect();
        // Once they are up they allocate nothing of their own any more.
        while shared.ready.load(Ordering::Acquire) < workers.len() {
            thread::yield_now();
        }
        Pool { shared, running: Mutex::new(()), workers }
    }

    /// The pool that the whole process shares, with a thread for each processor; made at its first
    /// use.
    #[must_use]
    pub fn shared() -> Arc<Pool> {
        static SHARED: OnceLock<Arc<Pool>> = OnceLock::new();
        let processors = || thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Arc::clone(SHARED.get_or_init(|| Arc::new(Pool::new(processors()))))
    }

    /// The number of threads, the calling one included.
    #[must_use]
    pub fn threads(&self) -> usize {
        self.workers.len() + 1
    }

    /// Calls `work` with each number from 0 to `parts`, on all threads, and returns when all are
    /// done. Parts are handed out in order to whoever is free; a thread that is late, because
    /// another program has its processor, is not waited for.
    ///
    /// While another job runs on the pool, or from within one, the calling thread does all parts
    /// itself.
    ///
    /// # Panics
    /// If `work` panics, once no thread is at work any more. Where it panics on every thread, parts
    /// may be left out.
    pub fn run(&self, parts: usize, work: impl Fn(usize) + Sync) {
        self.share(true, parts, &work);
    }

    /// [`run`](Pool::run) for work that one thread does in less than about 100 us.
    ///
    /// A thread that sleeps comes too late for work that takes no longer than waking it, some tens
    /// of microseconds. Such work wakes threads only if the last one to fall asleep had been in
    /// time for several jobs. It also does if it has come in a row for several times as long. Until
    /// then whoever is awake does it, if need be the calling thread alone.
    ///
    /// # Panics
    /// As [`run`](Pool::run).
    pub fn run_short(&self, parts: usize, work: impl Fn(usize) + Sync) {
        let asleep = self.shared.asleep.load(Ordering::Relaxed);
        if asleep == 0 || parts <= 1 {
            return self.share(false, parts, &work);
        }
        let wake = self.shared.waking.pays(Instant::now());
        if wake || (asleep.count_ones() as usize) < self.workers.len() {
            self.share(wake, parts, &work);
        } else {
            (0..parts).for_each(&work);
        }
        self.shared.waking.done(Instant::now());
    }

    /// Wakes up to so many sleeping workers.
    fn wake(&self, most: usize) {
        // After the job is open; the other side is in `wait_for_job`.
        let asleep = self.shared.asleep.load(Ordering::SeqCst);
        let sleeping = self.workers.iter().enumerate().filter(|&(i, _)| asleep >> i & 1 == 1);
        sleeping.take(most).for_each(|(_, worker)| worker.thread().unpark());
    }

    fn share(&self, wake: bool, parts: usize, work: &(dyn Fn(usize) + Sync)) {
        let alone = || (0..parts).for_each(work);
        if parts <= 1 || self.workers.is_empty() {
            return alone();
        }
        let Ok(running) = self.running.try_lock() else {
            return alone();
        };
        let finish = self.shared.start(work, parts, running);
        if wake {
            self.wake(parts - 1);
        }
        let own = catch_unwind(AssertUnwindSafe(|| self.shared.take_parts(work, parts)));
        finish.wait();
        // Before the next job may begin, and in any case: what stayed here would come out of a job
        // that did not cause it.
        let others = lock(&self.shared.panic).take();
        drop(finish);
        if let Some(panic) = own.err().or(others) {
            resume_unwind(panic);
        }
    }
}

impl Shared {
    /// Hands the work to the workers that are awake. The work must not be dropped before what is
    /// returned.
    fn start<'a>(
        &'a self,
        work: &'a (dyn Fn(usize) + Sync),
        parts: usize,
        running: MutexGuard<'a, ()>,
    ) -> Finish<'a> {
        // SAFETY: only the lifetime is extended. Workers use the reference only while they count as
        // at work, which they can begin only while the job is open. `Finish` closes it and waits
        // until no one is at work before it lets go of the borrow `'a`, also when the caller
        // unwinds. It is private, and its one user drops it. Compared with one thread in the tests.
        let work = unsafe {
            std::mem::transmute::<&(dyn Fn(usize) + Sync), &'static (dyn Fn(usize) + Sync)>(work)
        };
        *lock(&self.job) = Some(Job { work, parts });
        self.next.store(0, Ordering::Relaxed);
        // The job before is closed and no one is at work on it, so that nothing else changes the
        // state.
        self.state.fetch_add(NEXT_JOB | OPEN, Ordering::SeqCst);
        Finish { shared: self, _running: running }
    }

    /// The life of a worker; `bit` is its own among those asleep.
    fn serve(&self, bit: u64) {
        self.ready.fetch_add(1, Ordering::Release);
        let (mut seen, mut jobs) = (0, 0);
        while let Some(state) = self.wait_for_job(bit, seen, &mut jobs) {
            if self
                .state
                .compare_exchange(state, state + 1, Ordering::Acquire, Ordering::Relaxed)
                .is_err()
            {
                // Another worker was first, or the job is closed: look again.
                continue;
            }
            let job = *lock(&self.job);
            if let Some(Job { work, parts }) = job {
                match catch_unwind(AssertUnwindSafe(|| self.take_parts(work, parts))) {
                    Ok(in_time) => jobs += u64::from(in_time),
                    Err(panic) => self.keep(panic),
                }
            }
            seen = state & !(OPEN | AT_WORK);
            self.state.fetch_sub(1, Ordering::Release);
        }
    }

    /// Keeps the first panic of a job. Others are forgotten: what is dropped may panic once more,
    /// and whoever is waited for must come back.
    fn keep(&self, panic: Box<dyn Any + Send>) {
        let mut kept = lock(&self.panic);
        match *kept {
            None => *kept = Some(panic),
            Some(_) => std::mem::forget(panic),
        }
    }

    /// The state when a job other than `seen` is open: looks for a while, then sleeps. `None` when
    /// all is over. `jobs` counts those for which this thread was in time since it woke up.
    fn wait_for_job(&self, bit: u64, seen: u64, jobs: &mut u64) -> Option<u64> {
        let look = || {
            let state = self.state.load(Ordering::SeqCst);
            let is_new = state & OPEN != 0 && state & !(OPEN | AT_WORK) != seen;
            (is_new || state == STOP).then_some(state)
        };
        let mut looks = 0;
        loop {
            if let Some(state) = look() {
                return (state != STOP).then_some(state);
            }
            looks += 1;
            // Where it shares its processor it goes to sleep, so that it can be woken up on another
            // one.
            if pause(looks) || looks >= SPINS {
                // Set before the last look: either this sees the job, or who opens it sees the bit.
                self.asleep.fetch_or(bit, Ordering::SeqCst);
                if look().is_none() {
                    self.waking.slept_after(*jobs);
                    thread::park();
                    *jobs = 0;
                }
                self.asleep.fetch_and(!bit, Ordering::Relaxed);
                // Whoever wakes up too late for one job is in time for the next.
                looks = 0;
            }
        }
    }

    /// Does parts as long as there are any; gives whether it was in time for one.
    fn take_parts(&self, work: &(dyn Fn(usize) + Sync), parts: usize) -> bool {
        let mut in_time = false;
        loop {
            let part = self.next.fetch_add(1, Ordering::Relaxed);
            if part >= parts {
                return in_time;
            }
            work(part);
            in_time = true;
        }
    }
}

/// Closes the job and waits for those at work on it when dropped.
struct Finish<'a> {
    shared: &'a Shared,
    _running: MutexGuard<'a, ()>,
}

impl Finish<'_> {
    fn wait(&self) {
        self.shared.state.fetch_and(!OPEN, Ordering::Acquire);
        let mut looks = 0_u32;
        while self.shared.state.load(Ordering::Acquire) & AT_WORK > 0 {
            looks = looks.wrapping_add(1);
            pause(looks);
        }
    }
}

impl Drop for Finish<'_> {
    fn drop(&mut self) {
        self.wait();
        // The work may be gone from here on.
        *lock(&self.shared.job) = None;
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.state.store(STOP, Ordering::Release);
        for worker in self.workers.drain(..) {
            worker.thread().unpark();
            // A worker catches the panics of its jobs and has none of its own.
            let _ = worker.join();
        }
    }
}

impl std::fmt::Debug for Pool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pool").field("threads", &self.threads()).finish()
    }
}

/// Waits a moment between two looks. Now and then it is another thread's turn, since who is waited
/// for may need this very processor. Systems often wake a thread on the processor of the one that
/// woke it, even if another is idle. Gives whether another thread took its turn.
fn pause(looks: u32) -> bool {
    std::hint::spin_loop();
    if !looks.is_multiple_of(256) {
        return false;
    }
    let begun = Instant::now();
    thread::yield_now();
    begun.elapsed() > TURN
}

/// No invariant is broken while these locks are held, so that a poisoned one is as good as any.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_is_done_once_with_any_number_of_threads() {
        for threads in [1, 2, 3, 8] {
            let pool = Pool::new(threads);
            assert_eq!(pool.threads(), threads);
            for parts in [0, 1, 2, 7, 64] {
                let counts: Vec<AtomicUsize> = (0..parts).map(|_| AtomicUsize::new(0)).collect();
                let count = |part: usize| _ = counts[part].fetch_add(1, Ordering::Relaxed);
                for _ in 0..100 {
                    pool.run(parts, count);
                    pool.run_short(parts, count);
                }
                assert!(
                    counts.iter().all(|count| count.load(Ordering::Relaxed) == 200),
                    "{threads} threads, {parts} parts"
                );
            }
        }
    }

    /// Returns true if three threads take one part each: a part waits for the others, though not
    /// for ever.
    fn meet(met: &AtomicUsize) -> bool {
        met.fetch_add(1, Ordering::Relaxed);
        let begun = Instant::now();
        while met.load(Ordering::Relaxed) < 3 && begun.elapsed().as_secs() < 10 {
            thread::yield_now();
        }
        met.load(Ordering::Relaxed) == 3
    }

    fn all_sleep(pool: &Pool) -> bool {
        pool.shared.asleep.load(Ordering::Relaxed).count_ones() as usize == pool.workers.len()
    }

    /// Waits until all threads of the pool but the calling one sleep.
    fn fall_asleep(pool: &Pool) {
        let begun = Instant::now();
        while !all_sleep(pool) {
            assert!(begun.elapsed().as_secs() < 30, "without work they go to sleep");
            thread::yield_now();
        }
        // Longer than a pause between jobs in a row.
        thread::sleep(Duration::from_millis(1));
    }

    #[test]
    fn work_wakes_sleeping_threads() {
        let pool = Pool::new(3);
        for _ in 0..3 {
            fall_asleep(&pool);
            let met = AtomicUsize::new(0);
            pool.run(3, |_| assert!(meet(&met), "no part waits in vain for the others"));
        }
    }

    /// Returns true if another thread was in time for a part of short work.
    fn was_shared(pool: &Pool) -> bool {
        let (own, others) = (thread::current().id(), AtomicUsize::new(0));
        pool.run_short(100, |_| {
            let begun = Instant::now();
            while begun.elapsed() < Duration::from_micros(10) {
                std::hint::spin_loop();
            }
            others.fetch_add(usize::from(thread::current().id() != own), Ordering::Relaxed);
        });
        others.into_inner() > 0
    }

    #[test]
    fn short_work_wakes_sleeping_threads_where_it_comes_in_a_row_or_did_before() {
        let pool = Pool::new(2);
        for _ in 0..3 {
            fall_asleep(&pool);
            assert!(!was_shared(&pool) && all_sleep(&pool), "now and then");
        }
        let begun = Instant::now();
        let in_time = || begun.elapsed().as_secs() < 30;
        loop {
            assert!(in_time(), "having been in time for jobs in a row is worth being woken");
            while !was_shared(&pool) {
                assert!(in_time(), "work in a row wakes threads");
            }
            if thread::available_parallelism().is_ok_and(|processors| processors.get() == 1) {
                // There it never pays.
                return;
            }
            (0..20).for_each(|_| _ = was_shared(&pool));
            fall_asleep(&pool);
            if pool.shared.waking.pays(Instant::now()) {
                break;
            }
        }
    }

    #[test]
    fn a_panic_comes_out_after_all_other_parts_and_leaves_the_pool_usable() {
        let pool = Pool::new(3);
        for bad in 0..4 {
            let work = |part: usize| assert!(part != bad, "part {part} fails");
            assert!(catch_unwind(AssertUnwindSafe(|| pool.run(4, work))).is_err());
            assert!(catch_unwind(AssertUnwindSafe(|| pool.run_short(4, work))).is_err(), "awake");
            fall_asleep(&pool);
            assert!(catch_unwind(AssertUnwindSafe(|| pool.run_short(4, work))).is_err(), "asleep");
        }
        let done = AtomicUsize::new(0);
        let count = |_: usize| _ = done.fetch_add(1, Ordering::Relaxed);
        pool.run_short(4, count);
        pool.run(4, count);
        assert_eq!(done.into_inner(), 8);
    }

    #[test]
    fn panics_on_all_threads_at_once_come_out_of_their_own_job_and_leave_the_threads_at_work() {
        let pool = Pool::new(3);
        for _ in 0..20 {
            let met = AtomicUsize::new(0);
            let result = catch_unwind(AssertUnwindSafe(|| {
                pool.run(3, |part| assert!(!meet(&met), "part {part}"))
            }));
            assert!(result.is_err(), "the parts were not done at the same time");
            pool.run(3, |_| {});
        }
    }

    #[test]
    fn a_job_within_a_job_and_two_callers_at_once_work_alone() {
        let pool = Pool::new(2);
        let done = AtomicUsize::new(0);
        let count = |_: usize| _ = done.fetch_add(1, Ordering::Relaxed);
        pool.run(2, |_| {
            pool.run(5, count);
            pool.run_short(5, count);
        });
        assert_eq!(done.load(Ordering::Relaxed), 20);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..100 {
                        pool.run(3, count);
                        pool.run_short(3, count);
                    }
                });
            }
        });
        assert_eq!(done.into_inner(), 20 + 2400);
    }
}
