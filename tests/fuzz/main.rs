//! Kind "memory safety", and all others again: random sizes, limits and settings, over every list
//! and the public constructors. Whatever comes in, what comes out is a value, an error, or a panic
//! that the documentation states: never another panic, a signal or a loop without end.
//!
//! The cases are the same in each run and take a few seconds. `CHAINRULE_FUZZ_SECONDS=600` goes on
//! for longer with new ones; `CHAINRULE_FUZZ_CASE=123` runs one alone. What asks for between 64 MB
//! and all the memory that there is, which would be tried, is left out. No case takes more than a
//! few times 64 MB, and none keeps any of it.

mod data;
mod draw;
mod graph;
mod kernels;
mod layers;
mod memory;
mod metrics;
mod optimizers;
mod settings;
mod tensor;
mod trainer;

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use draw::Draw;

/// A part of the library: what is tried of it with the numbers drawn.
type Part = fn(&mut Draw);

/// The parts, and how many cases of each are tried.
const PARTS: [(&str, Part, u64); 15] = [
    ("tensors", tensor::tensors, 600),
    ("kernels", kernels::kernels, 800),
    ("graphs", graph::graphs, 400),
    ("texts", settings::texts, 300),
    ("activations", layers::activations, 150),
    ("layers", layers::layers, 200),
    ("losses", layers::losses, 200),
    ("initialisers", layers::initialisers, 150),
    ("metrics", metrics::metrics, 300),
    ("optimizers", optimizers::optimizers, 250),
    ("schedules", optimizers::schedules, 400),
    ("constraints", optimizers::constraints, 150),
    ("data", data::data, 300),
    ("trainer", trainer::trainer, 60),
    ("least squares", trainer::least_squares, 150),
];

/// How the message of each panic that the documentation states begins, or what it holds.
const STATED: [&str; 25] = [
    "a shape has at most 6 axes",
    "is too large: ",
    " has no axis ",
    "is outside of a tensor of shape",
    "there is no row ",
    "does not broadcast to",
    "does not reduce to",
    " values, not ",
    "matrix needs ",
    "matrix is larger than memory",
    "gemm: ",
    "transpose: ",
    "argmax: axis ",
    "the slices differ in length",
    "at most 64 chunks",
    "a chunk holds at least one value",
    "was taken before",
    "metric: ",
    "there is no class ",
    "expected_calibration_error: bins",
    "gather: ",
    "has another length than",
    "the gradient given for it",
    "an optimizer may remember",
    "is too many: ",
];

/// The memory that may stay beyond the first round: buffers of threads, which are few.
const MOST_KEPT: usize = 8 << 20;

thread_local! {
    /// Where the last panic was.
    static PLACE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// The end of a case, if it is not what the documentation states.
fn fault(part: Part, case: u64) -> Option<String> {
    let mut draw = Draw::new(case);
    let (ended, bytes) = memory::taken(case, || catch_unwind(AssertUnwindSafe(|| part(&mut draw))));
    if bytes > memory::MOST {
        return Some(format!("{bytes} bytes at a time, more than {}", memory::MOST));
    }
    let panic = ended.err()?;
    let message = match panic.downcast::<String>() {
        Ok(message) => *message,
        Err(panic) => panic
            .downcast::<&str>()
            .map_or_else(|_| "without a message".to_owned(), |text| text.to_string()),
    };
    let stated = STATED.iter().any(|stated| message.contains(stated));
    (!stated).then(|| format!("{message} at {}", PLACE.with_borrow(String::clone)))
}

#[test]
fn nothing_that_is_drawn_does_more_than_the_documentation_states() {
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        PLACE.with_borrow_mut(|kept| *kept = place);
    }));
    let number = |name: &str| {
        std::env::var(name).ok().map(|text| text.parse::<u64>().expect("a whole number"))
    };
    let (begun, only) = (Instant::now(), number("CHAINRULE_FUZZ_CASE"));
    let time = Duration::from_secs(number("CHAINRULE_FUZZ_SECONDS").unwrap_or(0));
    let mut faults = std::collections::BTreeMap::new();
    let mut count = 0;
    // Nothing of a case stays, apart from what is made once: in use after the first and last round.
    let mut kept = None;
    for round in 0.. {
        for (name, part, cases) in PARTS {
            let first = round * cases;
            for case in only.map_or(first..first + cases, |case| case..case + 1) {
                count += 1;
                if let Some(fault) = fault(part, case) {
                    faults.entry(format!("{name}: {fault}")).or_insert(case);
                }
            }
        }
        kept = Some((kept.map_or(memory::in_use(), |(first, _)| first), memory::in_use()));
        if only.is_some() || begun.elapsed() >= time {
            break;
        }
    }
    let _ = std::panic::take_hook();
    let (first, last) = kept.expect("there was a round");
    assert!(last < first + MOST_KEPT, "{first} bytes in use became {last} in {count} cases");
    let told: Vec<String> =
        faults.iter().map(|(fault, case)| format!("case {case} of {fault}")).collect();
    assert!(told.is_empty(), "{} of {count} cases:\n{}", told.len(), told.join("\n"));
}
