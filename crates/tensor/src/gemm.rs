//! The one matrix product of the workspace: `C = A B` or `C += A B`, with either factor transposed
//! by swapping its strides.
//!
//! `blocks.rs` cuts it into tiles, `rows.rs` those of the first factor; `tile.rs` computes one in
//! registers, with `errands.rs` on the way. `pack.rs` copies pieces of the factors next to each
//! other, `window.rs` is what a thread may write to, and `instructions.rs` chooses the vector
//! instructions. Products with a single row have loops of their own (`row.rs`), so have those with
//! a short inner length (`thin.rs`), and dual numbers otherwise (`dual.rs`).

mod blocks;
mod dual;
mod errands;
mod instructions;
mod pack;
mod precision;
mod row;
mod rows;
#[cfg_attr(
    not(all(target_arch = "x86_64", target_os = "linux", target_pointer_width = "64")),
    allow(
        dead_code,
        unused_imports,
        reason = "elsewhere only the tests compute with it, by the model"
    )
)]
mod split;
mod thin;
mod tile;
mod window;

use std::cell::RefCell;
use std::ops::Range;
use std::thread::LocalKey;

use self::blocks::Buffers;
pub use self::precision::Precision;
use self::window::{Window, Windows};
use crate::Real;
use crate::parallel::Pool;
#[cfg(target_arch = "x86_64")]
use crate::simd;

/// The way in which a kernel writes its destination: overwrites it, or adds to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// Overwrite; what was there is never read.
    Set,
    /// Add to what is there.
    Add,
}

/// A matrix seen in a slice: `rows x columns`, row-major unless transposed with [`t`](Mat::t).
#[derive(Clone, Copy, Debug)]
pub struct Mat<'a, T> {
    values: &'a [T],
    rows: usize,
    columns: usize,
    row_stride: usize,
    column_stride: usize,
}

impl<'a, T> Mat<'a, T> {
    /// The row-major matrix in `values`.
    ///
    /// # Panics
    /// If `values` does not hold exactly `rows * columns` values.
    #[track_caller]
    #[must_use]
    pub fn new(values: &'a [T], rows: usize, columns: usize) -> Self {
        check_length(values.len(), rows, columns);
        Mat { values, rows, columns, row_stride: columns, column_stride: 1 }
    }

    /// The transpose: the same values with swapped strides.
    #[must_use]
    pub fn t(self) -> Self {
        Mat {
            values: self.values,
            rows: self.columns,
            columns: self.rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
        }
    }

    /// These rows of it, a part of what a thread reads.
    #[inline(always)]
    fn rows(self, rows: Range<usize>) -> Self {
        debug_assert!(rows.start <= rows.end && rows.end <= self.rows);
        let start = (rows.start * self.row_stride).min(self.values.len());
        Mat { values: &self.values[start..], rows: rows.len(), ..self }
    }
}

impl<T> Mat<'_, T> {
    /// These columns of it, as [`rows`](Mat::rows).
    #[inline(always)]
    fn columns(self, columns: Range<usize>) -> Self {
        self.t().rows(columns).t()
    }
}

/// A row-major matrix seen in a mutable slice.
#[derive(Debug)]
pub struct MatMut<'a, T> {
    values: &'a mut [T],
    rows: usize,
    columns: usize,
}

impl<'a, T> MatMut<'a, T> {
    /// The row-major matrix in `values`.
    ///
    /// # Panics
    /// If `values` does not hold exactly `rows * columns` values.
    #[track_caller]
    #[must_use]
    pub fn new(values: &'a mut [T], rows: usize, columns: usize) -> Self {
        check_length(values.len(), rows, columns);
        MatMut { values, rows, columns }
    }
}

#[inline(always)]
#[track_caller]
fn check_length(length: usize, rows: usize, columns: usize) {
    #[cold]
    #[track_caller]
    fn fail(length: usize, rows: usize, columns: usize) -> ! {
        match rows.checked_mul(columns) {
            Some(all) => {
                panic!("a {rows}x{columns} matrix needs {all} values, the slice has {length}")
            }
            None => panic!(
                "a {rows}x{columns} matrix is larger than memory, the slice has {length} values"
            ),
        }
    }
    // No later product of sides and strides overflows where this one does not.
    if rows.checked_mul(columns) != Some(length) {
        fail(length, rows, columns);
    }
}

/// The matrix product: `c = a b` with [`Put::Set`], `c += a b` with [`Put::Add`].
///
/// An inner length of zero is an empty sum: `Set` writes zeros, `Add` changes nothing.
///
/// ```
/// use chainrule_tensor::gemm::{Mat, MatMut, Put, gemm};
///
/// let a = [1.0_f32, 2.0, 3.0, 4.0]; // [[1, 2], [3, 4]]
/// let b = [5.0, 6.0, 7.0, 8.0]; // [[5, 6], [7, 8]]
/// let mut c = [0.0; 4];
/// gemm(Put::Set, MatMut::new(&mut c, 2, 2), Mat::new(&a, 2, 2), Mat::new(&b, 2, 2));
/// assert_eq!(c, [19.0, 22.0, 43.0, 50.0]);
/// gemm(Put::Add, MatMut::new(&mut c, 2, 2), Mat::new(&a, 2, 2).t(), Mat::new(&b, 2, 2));
/// assert_eq!(c, [19.0 + 26.0, 22.0 + 30.0, 43.0 + 38.0, 50.0 + 44.0]);
/// ```
///
/// # Panics
/// If the shapes do not fit: `a` is `m x k`, `b` is `k x n`, `c` is `m x n`.
#[track_caller]
pub fn gemm<T: Real>(put: Put, c: MatMut<'_, T>, a: Mat<'_, T>, b: Mat<'_, T>) {
    check_fit(&c, &a, &b);
    multiply(Precision::F32, put, c, a, b);
}

/// The product of shapes that fit. Not inlined, since it is long and wanted in many places.
#[inline(never)]
fn multiply<T: Real>(
    precision: Precision,
    put: Put,
    c: MatMut<'_, T>,
    a: Mat<'_, T>,
    b: Mat<'_, T>,
) {
    if a.columns == 0 {
        if put == Put::Set {
            c.values.fill(T::ZERO);
        }
        return;
    }
    if c.values.is_empty() {
        return;
    }
    if is_single_row(&c, &a, &b) {
        return row::multiply(None, put, c.values, &a.values[..a.columns], b.values);
    }
    if c.rows == 1 && a.column_stride == 1 && b.row_stride == 1 && b.column_stride == b.rows {
        return row::multiply_transposed(put, c.values, &a.values[..a.columns], b.values);
    }
    loops(precision, put, &c, &a, &b).0(put, Window::new(c), a, b);
}

/// The loops for a product that is not of a single row, chosen for all of it. Parts that take other
/// loops than each other would be rounded otherwise, and a row that is a part must not take the
/// loops for a single row.
///
/// With them, how many rows and columns parts must have a multiple of.
fn loops<T: Real>(
    precision: Precision,
    put: Put,
    c: &MatMut<'_, T>,
    a: &Mat<'_, T>,
    b: &Mat<'_, T>,
) -> (Loops<T>, usize) {
    if b.column_stride == 1 && thin::pays(put, a.columns, c.columns) {
        return (thin::multiply, 1);
    }
    match T::split(precision, c.rows, a.columns, c.columns) {
        Some(split) => (split, split::SIDE),
        None => (T::multiply, 1),
    }
}

/// Computes the product, or some rows or columns of it.
pub type Loops<T> = fn(Put, Window<'_, T>, Mat<'_, T>, Mat<'_, T>);

/// From this many multiplications and additions on, a product is worth sharing. That is about 40 us
/// of work for one thread, against about 1 us to hand over to a thread that is awake.
const SHARED_WORK: usize = 4_000_000;

/// From this many on it is also worth waking threads: about 100 us.
const LONG_WORK: usize = 10_000_000;

/// [`gemm`] on the threads of a pool, where the product is large enough to gain from it. Then
/// `finish` with each part of `c` that is done, still in the cache: rows one after the other, one
/// at least, and which columns they have.
///
/// The threads call `finish` at the same time, each element is in one call, and an empty `c` is one
/// empty call.
///
/// The rows of `c` are shared out, or its columns where there are many of them; of a single row,
/// the parts of its sums. Each element is summed in the same order whatever the number of threads,
/// so that the bits are the same.
///
/// # Panics
/// As [`gemm`].
#[inline(always)]
#[track_caller]
pub fn gemm_on<T: Real>(
    pool: &Pool,
    precision: Precision,
    put: Put,
    c: MatMut<'_, T>,
    a: Mat<'_, T>,
    b: Mat<'_, T>,
    finish: impl Fn(&mut [T], Range<usize>) + Sync,
) {
    check_fit(&c, &a, &b);
    // Here and not in `share`, since a call with all of the matrices would show in the inference of
    // one sample.
    if is_single_row(&c, &a, &b) && a.columns > 0 {
        row::multiply(
            Some(pool),
            put,
            c.values,
            &a.values[..a.columns],
            &b.values[..a.columns * c.columns],
        );
        return finish(c.values, 0..c.columns);
    }
    share(pool, precision, put, c, a, b, &finish);
}

#[inline(never)]
fn share<T: Real>(
    pool: &Pool,
    precision: Precision,
    put: Put,
    c: MatMut<'_, T>,
    a: Mat<'_, T>,
    b: Mat<'_, T>,
    finish: &(dyn Fn(&mut [T], Range<usize>) + Sync),
) {
    let work = c.rows.saturating_mul(2 * b.values.len());
    if work < SHARED_WORK || pool.threads() == 1 || c.rows == 1 {
        let columns = c.columns;
        multiply(precision, put, MatMut::new(&mut *c.values, c.rows, columns), a, b);
        return finish(c.values, 0..columns);
    }
    let (product, unit) = loops(precision, put, &c, &a, &b);
    let (height, width) = shares(&c, pool.threads(), unit);
    let windows = Windows::new(c, height, width);
    let compute = |part| {
        let (mut c, rows, columns) = windows.take(part);
        let all = 0..c.rows();
        product(
            put,
            c.part(all.clone(), 0..columns.len()),
            a.rows(rows),
            b.columns(columns.clone()),
        );
        match c.whole_rows() {
            Some(rows) => finish(rows, columns),
            None => all.for_each(|row| finish(c.row(row), columns.clone())),
        }
    };
    if work < LONG_WORK {
        pool.run_short(windows.count(), compute)
    } else {
        pool.run(windows.count(), compute)
    }
}

/// The rows and columns of each thread's part. Each thread copies what it reads of `b`, once for
/// each block of rows. With few rows, parts of the columns of `b` took 0.95 of the time that parts
/// of the rows of `a` took. That was a step of 784-512-256-10 on batches of 128, and of
/// 1024-2048-2048-2048-1000 on 256, on two threads.
fn shares<T>(c: &MatMut<'_, T>, threads: usize, unit: usize) -> (usize, usize) {
    // Whole cache lines.
    const COLUMNS: usize = 64;
    if c.columns >= 2 * c.rows && c.columns >= COLUMNS * threads {
        (c.rows, c.columns.div_ceil(threads).next_multiple_of(COLUMNS))
    } else {
        (c.rows.div_ceil(threads).next_multiple_of(unit), c.columns)
    }
}

/// Returns true if the product is of one row with a row-major matrix, which has a kernel of its
/// own.
#[inline(always)]
fn is_single_row<T>(c: &MatMut<'_, T>, a: &Mat<'_, T>, b: &Mat<'_, T>) -> bool {
    c.rows == 1 && a.column_stride == 1 && b.column_stride == 1
}

#[inline(always)]
#[track_caller]
fn check_fit<T>(c: &MatMut<'_, T>, a: &Mat<'_, T>, b: &Mat<'_, T>) {
    if !(a.columns == b.rows && c.rows == a.rows && c.columns == b.columns) {
        does_not_fit([c.rows, c.columns, a.rows, a.columns, b.rows, b.columns]);
    }
}

/// By value and apart: a message that borrows the matrices would keep them out of the registers,
/// which shows in the inference of one sample.
#[cold]
#[track_caller]
fn does_not_fit(sides: [usize; 6]) -> ! {
    let [c_rows, c_columns, a_rows, a_columns, b_rows, b_columns] = sides;
    panic!(
        "gemm: {c_rows}x{c_columns} = {a_rows}x{a_columns} times {b_rows}x{b_columns} does not fit"
    );
}

/// The part of [`gemm`] that depends on the scalar.
pub trait Kernel: Sized + Copy {
    /// A product of shapes that were checked, none of them empty.
    #[doc(hidden)]
    fn multiply(put: Put, c: Window<'_, Self>, a: Mat<'_, Self>, b: Mat<'_, Self>);

    /// The loops for a large product on matrix units, where those are faster; see `split.rs`.
    #[doc(hidden)]
    fn split(_: Precision, _rows: usize, _inner: usize, _columns: usize) -> Option<Loops<Self>> {
        None
    }

    /// `out[k * width + lane] = values[lane * stride + k]`; see `pack.rs`.
    #[doc(hidden)]
    fn transpose(
        out: &mut [Self],
        width: usize,
        values: &[Self],
        stride: usize,
        lanes: usize,
        depth: usize,
    );

    /// Lends the thread's memory for sums of parts: `len` values, in which anything may stand.
    #[doc(hidden)]
    fn with_scratch<R>(len: usize, work: impl FnOnce(&mut [Self]) -> R) -> R;
}

/// Lends what a thread keeps for its products. A thread that ends may have given it up before other
/// values of its own are dropped: those that compute meanwhile get new memory.
#[inline(always)]
fn with_own<B: Default, R>(
    own: &'static LocalKey<RefCell<B>>,
    work: impl FnOnce(&mut B) -> R,
) -> R {
    #[cold]
    fn anew<B: Default, R>(work: impl FnOnce(&mut B) -> R) -> R {
        work(&mut B::default())
    }
    if own.try_with(|_| ()).is_err() { anew(work) } else { own.with_borrow_mut(work) }
}

macro_rules! kernel {
    // The number of values in a vector register of AVX2, and a transpose with it.
    ($t:ident, $lanes:literal, $transpose:ident $(, $split:path)?) => {
        impl Kernel for $t {
            $(
                fn split(
                    precision: Precision,
                    rows: usize,
                    inner: usize,
                    columns: usize,
                ) -> Option<Loops<$t>> {
                    $split(precision, rows, inner, columns)
                }
            )?

            fn multiply(put: Put, c: Window<'_, $t>, a: Mat<'_, $t>, b: Mat<'_, $t>) {
                thread_local! {
                    static BUFFERS: RefCell<Buffers<$t>> = RefCell::default();
                }
                with_own(&BUFFERS, |buffers| {
                    instructions::multiply::<
                        $t,
                        { $lanes / 2 },
                        $lanes,
                        { 2 * $lanes },
                        { 4 * $lanes },
                        { 8 * $lanes },
                    >(buffers, put, c, a, b);
                });
            }

            fn transpose(
                out: &mut [$t],
                width: usize,
                values: &[$t],
                stride: usize,
                lanes: usize,
                depth: usize,
            ) {
                #[cfg(target_arch = "x86_64")]
                if size_of::<$t>() == 4 && lanes > 8 && simd::has_avx512() {
                    // SAFETY: the processor has the instructions.
                    return unsafe {
                        let out = bytemuck::cast_slice_mut(out);
                        let values = bytemuck::cast_slice(values);
                        pack::avx512::transpose_f32(out, width, values, stride, lanes, depth)
                    };
                }
                #[cfg(target_arch = "x86_64")]
                if simd::has_avx2() {
                    // SAFETY: the processor has the instructions.
                    return unsafe {
                        pack::avx2::$transpose(out, width, values, stride, lanes, depth)
                    };
                }
                pack::transpose(out, width, values, stride, lanes, 0..depth);
            }

            fn with_scratch<R>(len: usize, work: impl FnOnce(&mut [$t]) -> R) -> R {
                thread_local! {
                    static SCRATCH: RefCell<Vec<$t>> = const { RefCell::new(Vec::new()) };
                }
                with_own(&SCRATCH, |scratch| {
                    if scratch.len() < len {
                        scratch.resize(len, 0.0);
                    }
                    work(&mut scratch[..len])
                })
            }
        }
    };
}

kernel!(f32, 8, transpose_f32, split::loops);
kernel!(f64, 4, transpose_f64);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::generator;
    use rand::RngExt;

    /// The definition, summed in f64.
    pub(super) fn reference<T: Real>(put: Put, c: &[T], a: Mat<'_, T>, b: Mat<'_, T>) -> Vec<f64> {
        let mut out = vec![0.0; a.rows * b.columns];
        for i in 0..a.rows {
            for j in 0..b.columns {
                let sum: f64 = (0..a.columns)
                    .map(|p| {
                        let left = a.values[i * a.row_stride + p * a.column_stride];
                        left.to_f64() * b.values[p * b.row_stride + j * b.column_stride].to_f64()
                    })
                    .sum();
                let before = if put == Put::Add { c[i * b.columns + j].to_f64() } else { 0.0 };
                out[i * b.columns + j] = before + sum;
            }
        }
        out
    }

    fn check<T: Real>(m: usize, k: usize, n: usize) {
        let mut rng = generator((m * 10_000 + k * 100 + n) as u64);
        let mut random = |len: usize| -> Vec<T> {
            (0..len).map(|_| T::from_f64(rng.random_range(-1.0..1.0))).collect()
        };
        let (a, b) = (random(m * k), random(k * n));
        let before: Vec<T> = random(m * n);
        let transposed = |x: &[T], rows: usize, columns: usize| -> Vec<T> {
            (0..columns).flat_map(|j| (0..rows).map(move |i| x[i * columns + j])).collect()
        };
        let (at, bt) = (transposed(&a, m, k), transposed(&b, k, n));
        let tolerance = T::EPSILON.to_f64() * (k as f64 + 4.0);
        for put in [Put::Set, Put::Add] {
            for (ta, tb) in [(false, false), (false, true), (true, false), (true, true)] {
                let left = if ta { Mat::new(&at, k, m).t() } else { Mat::new(&a, m, k) };
                let right = if tb { Mat::new(&bt, n, k).t() } else { Mat::new(&b, k, n) };
                let expected = reference(put, &before, left, right);
                let close = |got: &[T], what: &str| {
                    for (i, (x, e)) in got.iter().zip(&expected).enumerate() {
                        assert!(
                            (x.to_f64() - e).abs() <= tolerance,
                            "{what} {m}x{k}x{n} {put:?} {ta} {tb} at {i}: {x} for {e}"
                        );
                    }
                };
                let mut c = before.clone();
                gemm(put, MatMut::new(&mut c, m, n), left, right);
                close(&c, "gemm");
            }
        }
    }

    #[test]
    fn agrees_with_the_definition_at_many_shapes() {
        for &(m, k, n) in &[
            (1, 1, 1),
            (1, 64, 10),
            (1, 7, 77),
            (1, 9, 203),
            (1, 100, 33),
            (3, 1, 5),
            (32, 64, 10),
            (32, 64, 64),
            (5, 3, 7),
            (17, 33, 9),
            (2, 600, 3),
            (100, 1, 100),
            (40, 2, 9),
            (61, 16, 70),
            (97, 50, 1),
            (64, 130, 129),
            (150, 300, 40),
        ] {
            check::<f32>(m, k, n);
            check::<f64>(m, k, n);
        }
    }

    #[test]
    fn single_rows_agree_with_the_definition_at_every_width() {
        for n in 1..=140 {
            for k in [1, 3, 4, 6, 21] {
                check::<f32>(1, k, n);
                check::<f64>(1, k, n);
            }
        }
    }

    #[test]
    fn any_number_of_threads_gives_the_same_bits() {
        let mut rng = generator(2);
        for &(m, k, n) in &[
            (128, 784, 512),
            (300, 600, 97),
            (784, 128, 512),
            (40, 2000, 33),
            (17, 500, 300),
            (2000, 1, 1100),
            (700, 1, 3000),
            (900, 8, 700),
            (700, 5, 800),
            (300, 16, 1290),
            (20, 300, 700),
            (128, 300, 256),
            (32, 1100, 64),
            (1, 784, 512),
            (1, 400, 300),
            (1, 3000, 40),
        ] {
            let a: Vec<f32> = (0..m * k).map(|_| rng.random_range(-1.0..1.0)).collect();
            let b: Vec<f32> = (0..k * n).map(|_| rng.random_range(-1.0..1.0)).collect();
            for (put, left, right) in [
                (Put::Set, Mat::new(&a, m, k), Mat::new(&b, k, n)),
                (Put::Add, Mat::new(&a, k, m).t(), Mat::new(&b, n, k).t()),
                (Put::Add, Mat::new(&a, k, m).t(), Mat::new(&b, k, n)),
            ] {
                let product = |threads: usize| {
                    let mut c = vec![0.5; m * n];
                    let add_column = |part: &mut [f32], columns: Range<usize>| {
                        for row in part.chunks_exact_mut(columns.len()) {
                            row.iter_mut()
                                .zip(columns.clone())
                                .for_each(|(x, column)| *x += column as f32);
                        }
                    };
                    gemm_on(
                        &Pool::new(threads),
                        Precision::F32,
                        put,
                        MatMut::new(&mut c, m, n),
                        left,
                        right,
                        add_column,
                    );
                    c
                };
                let alone = product(1);
                let mut plain = vec![0.5; m * n];
                gemm(put, MatMut::new(&mut plain, m, n), left, right);
                plain.iter_mut().enumerate().for_each(|(i, x)| *x += (i % n) as f32);
                assert!(alone == plain, "{m}x{k}x{n} {put:?} on one thread");
                for threads in [2, 3, 5, 16] {
                    assert!(product(threads) == alone, "{m}x{k}x{n} {put:?} on {threads} threads");
                }
            }
        }
    }

    // Once more: threads that end while they use the pool.
    #[test]
    fn values_of_a_thread_may_compute_while_it_ends() {
        /// Multiplies when it is dropped.
        struct Last(RefCell<Option<std::sync::mpsc::Sender<f32>>>);
        impl Drop for Last {
            fn drop(&mut self) {
                let (mut c, a, b) =
                    (vec![0.0_f32; 64 * 64], vec![1.0; 64 * 64], vec![1.0; 64 * 64]);
                for rows in [64, 1] {
                    let (c, a) = (
                        MatMut::new(&mut c[..rows * 64], rows, 64),
                        Mat::new(&a[..rows * 64], rows, 64),
                    );
                    gemm_on(
                        &Pool::shared(),
                        Precision::F32,
                        Put::Add,
                        c,
                        a,
                        Mat::new(&b, 64, 64),
                        |_, _| {},
                    );
                }
                if let Some(told) = self.0.take() {
                    told.send(c[0] + c[64 * 64 - 1]).expect("the test waits");
                }
            }
        }
        thread_local! {
            static LAST: Last = const { Last(RefCell::new(None)) };
        }
        let (told, sum) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            // The first to be there is the last to be dropped.
            LAST.with(|last| last.0.replace(Some(told)));
            let mut c = [0.0_f32; 64];
            gemm(
                Put::Set,
                MatMut::new(&mut c, 8, 8),
                Mat::new(&[1.0; 64], 8, 8),
                Mat::new(&[1.0; 64], 8, 8),
            );
            row::multiply(None, Put::Set, &mut c[..8], &[1.0; 8], &[1.0; 64]);
        });
        thread.join().expect("it ends without a panic");
        assert_eq!(sum.recv(), Ok(128.0 + 64.0));
    }

    #[test]
    fn set_never_reads_the_destination() {
        let mut c = [f32::NAN; 6];
        gemm(
            Put::Set,
            MatMut::new(&mut c, 2, 3),
            Mat::new(&[1.0; 8], 2, 4),
            Mat::new(&[1.0; 12], 4, 3),
        );
        assert_eq!(c, [4.0; 6]);
    }

    #[test]
    fn an_empty_inner_length_is_an_empty_sum() {
        let mut c = [7.0_f32; 6];
        gemm(Put::Add, MatMut::new(&mut c, 2, 3), Mat::new(&[], 2, 0), Mat::new(&[], 0, 3));
        assert_eq!(c, [7.0; 6]);
        gemm(Put::Set, MatMut::new(&mut c, 2, 3), Mat::new(&[], 2, 0), Mat::new(&[], 0, 3));
        assert_eq!(c, [0.0; 6]);
    }

    #[test]
    #[should_panic(expected = "gemm: 2x2 = 2x3 times 2x2 does not fit")]
    fn shapes_that_do_not_fit_panic_with_all_three() {
        gemm(
            Put::Set,
            MatMut::new(&mut [0.0_f32; 4], 2, 2),
            Mat::new(&[0.0; 6], 2, 3),
            Mat::new(&[0.0; 4], 2, 2),
        );
    }
}
