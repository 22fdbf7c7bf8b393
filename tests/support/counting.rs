//! The allocator of the tests, which counts for a thread and for the process.
//!
//! One buffer is counted apart: the matrix kernels pack their operands into pages that they allocate at the first
//! product on a thread and keep. They are the only allocations here that are aligned to whole pages, which tells them
//! apart.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::ops::Sub;
use std::sync::atomic::{AtomicU64, Ordering};

const PAGE: usize = 4096;

/// How often has been allocated so far.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Count {
    /// Pages for packing.
    pub pages: u64,
    /// All else.
    pub others: u64,
}

impl Sub for Count {
    type Output = Count;
    fn sub(self, before: Count) -> Count {
        Count { pages: self.pages - before.pages, others: self.others - before.others }
    }
}

thread_local! {
    static OF_THREAD: Cell<Count> = const { Cell::new(Count { pages: 0, others: 0 }) };
}

static PAGES: AtomicU64 = AtomicU64::new(0);
static OTHERS: AtomicU64 = AtomicU64::new(0);

/// How often this thread has allocated.
pub fn of_thread() -> Count {
    OF_THREAD.get()
}

/// How often all threads together have.
pub fn of_process() -> Count {
    Count { pages: PAGES.load(Ordering::SeqCst), others: OTHERS.load(Ordering::SeqCst) }
}

struct Counting;

impl Counting {
    fn note(layout: Layout) {
        let mut count = OF_THREAD.get();
        if layout.align() >= PAGE {
            count.pages += 1;
            PAGES.fetch_add(1, Ordering::SeqCst);
        } else {
            count.others += 1;
            OTHERS.fetch_add(1, Ordering::SeqCst);
        }
        OF_THREAD.set(count);
    }
}

// SAFETY: every call goes to the system's allocator as it came; the counters are plain numbers, without a destructor,
// that allocate nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        Counting::note(layout);
        // SAFETY: the caller's promises are those that `System` asks for.
        unsafe { System.alloc(layout) }
    }
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        Counting::note(layout);
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }
    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        Counting::note(layout);
        // SAFETY: as above.
        unsafe { System.realloc(pointer, layout, size) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;
