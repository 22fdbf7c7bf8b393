//! faer's matrix kernels for AVX2 and AVX-512 (`private-gemm-x86`), on one thread.
//!
//! Measured against nalgebra's product on one core with AVX-512, `f32`: 1.4 times at 32x64x64, 2.7 times at 32x10x64,
//! 1.1 times at 1024^3. The kernels keep one packing buffer per thread, allocated at its first product.

use std::cell::RefCell;
use std::ptr;
use std::sync::LazyLock;

use private_gemm_x86 as kernels;

use super::{Mat, MatMut, Put, packed};
use crate::simd;

/// So many columns of `c` are computed at a time: against all at once that took, on one core of AMD Zen 3, 0.94 of the
/// time at 256x2048x2048, 0.88 with `b` transposed, and never more. A multiple of the 24 columns (AVX2) and 96 (AVX-512)
/// of the kernels' tiles.
const BLOCK: usize = 96;

/// Whether the kernels ask the system for the sizes of the caches.
const KNOWS_CACHES: bool = cfg!(feature = "fast-gemm");

/// At most so much of the inner length is summed at a time. Kernels that do not know the caches cut a longer piece to
/// blocks for a second cache of 256 KiB, which are no multiple of their tiles: 1.05 times as long at 256x2048x2048.
const INNER: usize = if KNOWS_CACHES { usize::MAX } else { 384 };

pub(super) use kernels::InstrSet as Instructions;

/// The best kernels that this processor can run, if it can run any.
#[inline]
pub(super) fn instructions() -> Option<Instructions> {
    static BEST: LazyLock<Option<Instructions>> = LazyLock::new(|| {
        if simd::has_avx512() {
            Some(Instructions::Avx512)
        } else if simd::has_avx2() {
            Some(Instructions::Avx256)
        } else {
            None
        }
    });
    *BEST
}

macro_rules! product {
    ($t:ident, $dtype:expr, $width:expr) => {
        pub(super) fn $t(
            instructions: Instructions,
            put: Put,
            c: MatMut<'_, $t>,
            a: Mat<'_, $t>,
            b: Mat<'_, $t>,
            large: bool,
        ) {
            const ALPHA: $t = 1.0;
            if large && !simd::has_avx512() {
                thread_local! {
                    static BUFFERS: RefCell<packed::Buffers<$t>> = RefCell::default();
                }
                return BUFFERS.with_borrow_mut(|buffers| packed::multiply::<$t, $width>(buffers, put, c, a, b));
            }
            let depth = match a.columns {
                0..=INNER => a.columns,
                // Pieces of the same length.
                columns => columns.div_ceil(columns.div_ceil(INNER)),
            };
            // On AVX-512 blocks were not measured.
            let width = if KNOWS_CACHES && simd::has_avx512() { c.columns } else { BLOCK };
            for inner in (0..a.columns).step_by(depth) {
                let depth = depth.min(a.columns - inner);
                let accum = if put == Put::Set && inner == 0 { kernels::Accum::Replace } else { kernels::Accum::Add };
                for first in (0..c.columns).step_by(width) {
                    let (stride, columns) = (c.columns, width.min(c.columns - first));
                    let c_columns = &mut c.values[first..];
                    let a_columns = &a.values[inner * a.column_stride..];
                    let b_block = &b.values[inner * b.row_stride + first * b.column_stride..];
                    // SAFETY: `gemm` has checked that the shapes fit and none is empty; `Mat` and `MatMut` guarantee that
                    // each slice holds `rows * columns` values reached by their strides, and both begin here with column
                    // `first`; `c` is borrowed mutably, so that it overlaps neither factor; the index pointers and the
                    // diagonal may be null, which stands for "all rows", "all columns" and "none"; `instructions` was
                    // detected on this processor. Compared with the safe product in this module's parent's tests.
                    unsafe {
                        kernels::gemm(
                            $dtype,
                            kernels::IType::U64,
                            instructions,
                            c.rows,
                            columns,
                            depth,
                            c_columns.as_mut_ptr().cast(),
                            stride as isize,
                            1,
                            ptr::null(),
                            ptr::null(),
                            kernels::DstKind::Full,
                            accum,
                            a_columns.as_ptr().cast(),
                            a.row_stride as isize,
                            a.column_stride as isize,
                            false,
                            ptr::null(),
                            0,
                            b_block.as_ptr().cast(),
                            b.row_stride as isize,
                            b.column_stride as isize,
                            false,
                            ptr::from_ref(&ALPHA).cast(),
                            1,
                        );
                    }
                }
            }
        }
    };
}

// The width of two registers of AVX2.
product!(f32, kernels::DType::F32, 16);
product!(f64, kernels::DType::F64, 8);
