//! The memory of the program, and what is told where there is no more.

use std::alloc::{GlobalAlloc, Layout, System};
use std::fmt;
use std::io::{Cursor, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// The memory of the system; where that has no more, one line on standard error and the end of the
/// program.
pub struct Memory;

#[global_allocator]
static MEMORY: Memory = Memory;

// SAFETY: each call goes to `System` as it came, under the same promises of its caller, and what
// that gives is handed on. A null pointer is not, since the program ends, without unwinding.
unsafe impl GlobalAlloc for Memory {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller promises what `System` asks for.
        given(unsafe { System.alloc(layout) }, layout.size())
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller promises what `System` asks for.
        given(unsafe { System.alloc_zeroed(layout) }, layout.size())
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller promises what `System` asks for; the pointer is one of `System`, as
        // all are.
        given(unsafe { System.realloc(pointer, layout, size) }, size)
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller promises what `System` asks for; the pointer is one of `System`, as
        // all are.
        unsafe { System.dealloc(pointer, layout) }
    }
}

fn given(pointer: *mut u8, size: usize) -> *mut u8 {
    if pointer.is_null() {
        end(size)
    }
    pointer
}

#[cold]
fn end(size: usize) -> ! {
    exhausted(format_args!("{size} more bytes are"))
}

/// Says what is not to be had, such as `8 more bytes are`, and ends the program. Nothing here asks
/// for memory. Of several threads that come here the first one speaks.
pub fn exhausted(what: fmt::Arguments<'_>) -> ! {
    static SAID: AtomicBool = AtomicBool::new(false);
    while SAID.swap(true, Ordering::Relaxed) {
        std::thread::sleep(Duration::from_secs(1));
    }
    let mut line = Cursor::new([0_u8; 160]);
    let advice = "make the network, the batches or the table smaller";
    let _ = writeln!(line, "error: the memory is exhausted: {what} not to be had; {advice}");
    let length = line.position() as usize;
    let _ = std::io::stderr().write_all(&line.get_ref()[..length]);
    signal_hook::low_level::exit(1)
}
