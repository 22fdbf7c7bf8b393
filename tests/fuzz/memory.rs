//! The memory that the cases take: an allocator that counts, and ends what takes too much.

use std::alloc::{GlobalAlloc, Layout, System};
use std::io::Write as _;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

use crate::draw::MOST_BYTES;

/// The most that a case may take: a few values of the most that one is drawn with.
pub const MOST: usize = 4 * MOST_BYTES;

/// Where the process ends, before the machine does.
const END: usize = 16 * MOST_BYTES;

/// The system's allocator, with a count of the bytes in use and of the most since a case began.
struct Counting;

static IN_USE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);
static CASE: AtomicU64 = AtomicU64::new(0);

// SAFETY: every call is passed on unchanged to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        add(layout.size());
        // SAFETY: the caller's promise about `layout` is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        add(layout.size());
        // SAFETY: the caller's promise about `layout` is passed on.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        IN_USE.fetch_sub(layout.size(), Relaxed);
        // SAFETY: the caller's promises about `pointer` and `layout` are passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

fn add(size: usize) {
    let now = IN_USE.fetch_add(size, Relaxed) + size;
    PEAK.fetch_max(now, Relaxed);
    if now > END {
        let (case, bytes) = (CASE.load(Relaxed), now);
        let _ = writeln!(std::io::stderr(), "case {case} of some part takes {bytes} bytes");
        std::process::abort();
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The bytes in use.
pub fn in_use() -> usize {
    IN_USE.load(Relaxed)
}

/// The result of a case, and the bytes that it took at a time.
pub fn taken<R>(case: u64, run: impl FnOnce() -> R) -> (R, usize) {
    CASE.store(case, Relaxed);
    let before = in_use();
    PEAK.store(before, Relaxed);
    let result = run();
    (result, PEAK.load(Relaxed).saturating_sub(before))
}
