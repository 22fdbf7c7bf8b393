//! The matrix units of x86-64 (AMX) on Linux: whether they are there, the instructions, and packing
//! with AVX-512.

use std::arch::asm;
use std::arch::x86_64::*;
use std::sync::atomic::{AtomicU8, Ordering};

use super::blocks::{Out, Units};
use super::parts::{Range, SIDE, STEP, Side, TILE, TILE_ROWS, panel_len};
use crate::gemm::Mat;
use crate::simd;

/// Returns true if this process may use them, asked once.
pub(super) fn are_there() -> bool {
    const NO: u8 = 1;
    const YES: u8 = 2;
    static KNOWN: AtomicU8 = AtomicU8::new(0);

    #[cold]
    fn ask() -> bool {
        let all = has_instructions() && is_enabled() && is_permitted();
        KNOWN.store(if all { YES } else { NO }, Ordering::Relaxed);
        all
    }

    match KNOWN.load(Ordering::Relaxed) {
        0 => ask(),
        known => known == YES,
    }
}

/// Returns true if the processor has tiles, their product of `bfloat16`, and AVX-512 for packing.
fn has_instructions() -> bool {
    const AMX_BF16: u32 = 1 << 22;
    const AMX_TILE: u32 = 1 << 24;
    if !(simd::has_avx512()
        && is_x86_feature_detected!("avx512bf16")
        && is_x86_feature_detected!("xsave"))
    {
        return false;
    }
    let leaf = __cpuid_count(7, 0);
    leaf.edx & (AMX_BF16 | AMX_TILE) == AMX_BF16 | AMX_TILE
}

/// Returns true if the system saves tiles and their configuration for each thread. Needs `xsave`.
fn is_enabled() -> bool {
    const TILE_CONFIGURATION: u64 = 1 << 17;
    const TILES: u64 = 1 << 18;

    #[target_feature(enable = "xsave")]
    fn saved() -> u64 {
        // SAFETY: the processor has the instruction, and register 0 is there.
        unsafe { _xgetbv(0) }
    }
    // SAFETY: the caller's word.
    let saved = unsafe { saved() };
    saved & (TILE_CONFIGURATION | TILES) == TILE_CONFIGURATION | TILES
}

/// Asks Linux for the state of tiles, for all threads of the process.
fn is_permitted() -> bool {
    const ARCH_PRCTL: u64 = 158;
    const ARCH_REQ_XCOMP_PERM: u64 = 0x1023;
    const TILES: u64 = 18;
    let answer: i64;
    // SAFETY: a system call that takes two numbers and no memory; it changes the registers that are
    // named.
    unsafe {
        asm!(
            "syscall",
            inlateout("rax") ARCH_PRCTL => answer,
            in("rdi") ARCH_REQ_XCOMP_PERM,
            in("rsi") TILES,
            lateout("rcx") _,
            lateout("r11") _,
            options(nostack),
        );
    }
    answer == 0
}

/// The units while they are configured for tiles of 16 rows of 64 bytes.
pub(super) struct Amx(());

/// The operand of `ldtilecfg`.
#[repr(C, align(64))]
struct Configuration {
    palette: u8,
    start_row: u8,
    reserved: [u8; 14],
    row_bytes: [u16; 16],
    rows: [u8; 16],
}

static CONFIGURATION: Configuration = {
    let (mut row_bytes, mut rows) = ([0; 16], [0; 16]);
    let mut tile = 0;
    while tile < 8 {
        row_bytes[tile] = 64;
        rows[tile] = TILE_ROWS as u8;
        tile += 1;
    }
    Configuration { palette: 1, start_row: 0, reserved: [0; 14], row_bytes, rows }
};

impl Drop for Amx {
    fn drop(&mut self) {
        // SAFETY: `configured` was told that the processor has the units. No tile is in use outside
        // of `block`.
        unsafe { asm!("tilerelease", options(nostack, preserves_flags)) };
    }
}

impl Units for Amx {
    #[inline(always)]
    unsafe fn configured() -> Self {
        // SAFETY: the caller's word; the configuration is a valid one of 64 bytes.
        unsafe {
            asm!(
                "ldtilecfg [{}]",
                in(reg) &raw const CONFIGURATION,
                options(nostack, preserves_flags, readonly),
            );
        }
        Amx(())
    }

    fn pack(&self, parts: usize, side: Side, panel: &mut [u16], lanes: Mat<'_, f32>) -> Range {
        // SAFETY: a processor with the units has these instructions.
        unsafe {
            match parts {
                1 => pack::<1>(side, panel, lanes),
                2 => pack::<2>(side, panel, lanes),
                3 => pack::<3>(side, panel, lanes),
                _ => unreachable!("{parts} parts"),
            }
        }
    }

    #[inline(always)]
    unsafe fn block(&self, parts: usize, out: Out, a: &[u16], b: &[u16], steps: usize) {
        let len = panel_len(parts, steps);
        assert!(steps > 0 && len <= a.len() && len <= b.len());
        // SAFETY: the panels have so many steps, by the assertion; the caller's word is for `c`,
        // and `configured`'s for the units.
        unsafe {
            match parts {
                1 => block_of_1(out, a.as_ptr(), b.as_ptr(), steps),
                2 => block_of_2(out, a.as_ptr(), b.as_ptr(), steps),
                3 => block_of_3(out, a.as_ptr(), b.as_ptr(), steps),
                _ => unreachable!("{parts} parts"),
            }
        }
    }
}

/// Two tiles of a part of `a`.
macro_rules! a {
    ($at:literal) => {
        concat!(
            "tileloadd tmm4, [{a} + {line} + ",
            $at,
            "]\n",
            "tileloadd tmm5, [{a} + {line} + ",
            $at,
            " + 1024]"
        )
    };
}

/// Two tiles of a part of `b`.
macro_rules! b {
    ($at:literal) => {
        concat!(
            "tileloadd tmm6, [{b} + {line} + ",
            $at,
            "]\n",
            "tileloadd tmm7, [{b} + {line} + ",
            $at,
            " + 1024]"
        )
    };
}

/// A term: the four products of these tiles.
macro_rules! term {
    () => {
        "tdpbf16ps tmm0, tmm4, tmm6\n tdpbf16ps tmm2, tmm5, tmm6\n tdpbf16ps tmm1, tmm4, tmm7\n \
         tdpbf16ps tmm3, tmm5, tmm7"
    };
}

macro_rules! block {
    // Bytes of a step, and what is done in each step: first of one loop, then of another.
    ($name:ident, $bytes:literal, [$($first:expr),*], [$($line:expr),*]) => {
        /// # Safety
        /// The units must be configured, `c` be as large as a block and the panels have so many
        /// steps, at least one.
        #[inline]
        unsafe fn $name(
            Out { adds, start: c, stride }: Out,
            a: *const u16,
            b: *const u16,
            steps: usize,
        ) {
            // SAFETY: the caller's word.
            unsafe {
                asm!(
                    "test {adds:e}, {adds:e}",
                    "jnz 4f",
                    "tilezero tmm0",
                    "tilezero tmm1",
                    "tilezero tmm2",
                    "tilezero tmm3",
                    "jmp 5f",
                    "4:",
                    "tileloadd tmm0, [{c} + {stride}]",
                    "tileloadd tmm1, [{c} + {stride} + 64]",
                    "tileloadd tmm2, [{lower} + {stride}]",
                    "tileloadd tmm3, [{lower} + {stride} + 64]",
                    "5:",
                    $(
                        $first,
                    )*
                    "2:",
                    $($line,)*
                    concat!("add {a}, ", $bytes),
                    concat!("add {b}, ", $bytes),
                    "dec {steps}",
                    "jnz 2b",
                    "tilestored [{c} + {stride}], tmm0",
                    "tilestored [{c} + {stride} + 64], tmm1",
                    "tilestored [{lower} + {stride}], tmm2",
                    "tilestored [{lower} + {stride} + 64], tmm3",
                    adds = in(reg) u32::from(adds),
                    c = in(reg) c,
                    lower = in(reg) c.wrapping_add(TILE_ROWS * stride),
                    stride = in(reg) stride * size_of::<f32>(),
                    line = in(reg) 64_usize,
                    a = inout(reg) a => _,
                    b = inout(reg) b => _,
                    steps = inout(reg) steps => _,
                    out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
                    out("r8") _, out("r9") _,
                    out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
                    options(nostack),
                );
            }
        }
    };
}

/// A loop over all steps, of so many bytes, after which the panels are at their start again. It
/// takes over the registers `r8` and `r9`.
macro_rules! steps {
    ($bytes:literal, $($line:expr),*) => {
        concat!(
            "mov r8, {steps}\n",
            "imul r9, {steps}, ", $bytes, "\n",
            "3:\n",
            $($line, "\n",)*
            "add {a}, ", $bytes, "\n",
            "add {b}, ", $bytes, "\n",
            "dec r8\n",
            "jnz 3b\n",
            "sub {a}, r9\n",
            "sub {b}, r9"
        )
    };
}

// The small terms first, and between two terms as few tiles to load as there can be. With three
// parts the small terms of all steps come first, so that the sum is rounded once for each step.
// With two that would change little, and cost a tenth.
block!(block_of_1, 2048, [], [a!(0), b!(0), term!()]);
block!(block_of_2, 4096, [], [a!(2048), b!(0), term!(), a!(0), b!(2048), term!(), b!(0), term!()]);
block!(
    block_of_3,
    6144,
    [steps!(
        6144,
        a!(4096),
        b!(0),
        term!(),
        a!(2048),
        term!(),
        b!(2048),
        term!(),
        a!(0),
        term!(),
        b!(4096),
        term!()
    )],
    [a!(0), b!(0), term!()]
);

/// See [`Units::pack`].
#[inline(never)]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")]
fn pack<const PARTS: usize>(side: Side, panel: &mut [u16], lanes: Mat<'_, f32>) -> Range {
    let (all, inner) = (lanes.rows, lanes.columns);
    let steps = inner.div_ceil(STEP);
    assert!(0 < all && all <= SIDE && 0 < inner && panel_len(PARTS, steps) <= panel.len());
    assert!((all - 1) * lanes.row_stride + (inner - 1) * lanes.column_stride < lanes.values.len());
    let is_by_lanes = lanes.column_stride == 1;
    assert!(is_by_lanes || lanes.row_stride == 1);
    let stride = if is_by_lanes { lanes.row_stride } else { lanes.column_stride };
    let mut turned = Turned([0.0; TILE]);
    let mut seen = Seen { least: _mm512_set1_epi32(-1), greatest: _mm512_setzero_si512() };
    for (step, tiles) in panel.chunks_exact_mut(2 * PARTS * TILE).take(steps).enumerate() {
        let deep = (inner - step * STEP).min(STEP);
        for half in 0..2 {
            let wide = all.saturating_sub(half * TILE_ROWS).min(TILE_ROWS);
            let (row, column) = (half * TILE_ROWS, step * STEP);
            let from =
                if wide == 0 { 0 } else { row * lanes.row_stride + column * lanes.column_stride };
            let from = lanes.values[from..].as_ptr();
            // The order in which this side is packed: runs of values that lie together.
            let (mut from, mut stride, mut runs, mut length) =
                if is_by_lanes { (from, stride, wide, deep) } else { (from, stride, deep, wide) };
            if is_by_lanes != (side == Side::A) {
                // SAFETY: so many runs of so many values are there, by the assertions.
                unsafe {
                    match side {
                        Side::A => turn::<true>(&mut turned, from, stride, runs, length),
                        Side::B => turn::<false>(&mut turned, from, stride, runs, length),
                    }
                }
                (runs, length) = (length, runs);
                stride = if side == Side::A { STEP } else { TILE_ROWS };
                from = turned.0.as_ptr();
            }
            let tiles = &mut tiles[half * TILE..];
            assert!(tiles.len() >= (2 * PARTS - 1) * TILE);
            // SAFETY: so many runs of so many values are there; each part has a tile.
            unsafe {
                let run = Runs { from, stride, runs, length };
                let out = tiles.as_mut_ptr();
                match side {
                    Side::A => fill::<PARTS, false>(&mut seen, out, run),
                    Side::B => fill::<PARTS, true>(&mut seen, out, run),
                }
            }
        }
    }
    Range::of(_mm512_reduce_min_epu32(seen.least), _mm512_reduce_max_epu32(seen.greatest))
}

/// Values in runs that begin `stride` apart.
struct Runs {
    from: *const f32,
    stride: usize,
    runs: usize,
    length: usize,
}

/// Fills a tile of each part, with a run in each line or, where they are `PAIRED`, two of half the
/// length.
///
/// # Safety
/// The runs must be there, and a tile at `out` and `2 * TILE` values from there for each other
/// part.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")]
unsafe fn fill<const PARTS: usize, const PAIRED: bool>(
    seen: &mut Seen,
    out: *mut u16,
    Runs { from, stride, runs, length }: Runs,
) {
    let counts = [length.min(16), length.saturating_sub(16)];
    for line in 0..TILE_ROWS {
        let places =
            if PAIRED { [(2 * line, 0), (2 * line + 1, 0)] } else { [(line, 0), (line, 1)] };
        let [first, second] = places.map(|(run, part)| {
            let count = if run < runs { counts[part] } else { 0 };
            // SAFETY: what is counted is there.
            unsafe { load(from.wrapping_add(run * stride + 16 * part), count) }
        });
        // SAFETY: there is a line at each place.
        unsafe { split::<PARTS, PAIRED>(seen, out.add(line * STEP), first, second) };
    }
}

/// The magnitudes seen so far, as [`Range::of`] takes them.
struct Seen {
    least: __m512i,
    greatest: __m512i,
}

/// Writes the parts of 32 values, those of the second register behind the others or, where they are
/// `PAIRED`, each behind its neighbour.
///
/// # Safety
/// There must be room for 32 values in each of `PARTS` places that are two tiles apart.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")]
unsafe fn split<const PARTS: usize, const PAIRED: bool>(
    seen: &mut Seen,
    out: *mut u16,
    mut first: __m512,
    mut second: __m512,
) {
    for values in [first, second] {
        let magnitude = _mm512_and_si512(_mm512_castps_si512(values), _mm512_set1_epi32(i32::MAX));
        seen.greatest = _mm512_max_epu32(seen.greatest, magnitude);
        seen.least =
            _mm512_min_epu32(seen.least, _mm512_sub_epi32(magnitude, _mm512_set1_epi32(1)));
    }
    for part in 0..PARTS {
        // SAFETY: the same 64 bytes.
        let both: __m512i = unsafe { std::mem::transmute(_mm512_cvtne2ps_pbh(second, first)) };
        let placed = if PAIRED { _mm512_permutexvar_epi16(pairs(), both) } else { both };
        // SAFETY: the caller's word.
        unsafe { _mm512_storeu_si512(out.add(2 * part * TILE).cast(), placed) };
        if part + 1 < PARTS {
            let (low, high) = if PAIRED {
                let high = _mm512_and_si512(placed, _mm512_set1_epi32(-1 << 16));
                (_mm512_slli_epi32::<16>(placed), high)
            } else {
                let value = |half: __m256i| _mm512_slli_epi32::<16>(_mm512_cvtepu16_epi32(half));
                (value(_mm512_castsi512_si256(both)), value(_mm512_extracti64x4_epi64::<1>(both)))
            };
            first = _mm512_sub_ps(first, _mm512_castsi512_ps(low));
            second = _mm512_sub_ps(second, _mm512_castsi512_ps(high));
        }
    }
}

/// Puts each of the last 16 values behind its neighbour among the first 16.
#[inline]
#[target_feature(enable = "avx512f")]
fn pairs() -> __m512i {
    const HIGH_AND_LOW: [u16; 32] = {
        let (mut order, mut at) = ([0; 32], 0);
        while at < 32 {
            order[at] = (at / 2 + at % 2 * 16) as u16;
            at += 1;
        }
        order
    };
    // SAFETY: the same 64 bytes.
    unsafe { std::mem::transmute(HIGH_AND_LOW) }
}

#[repr(align(64))]
struct Turned([f32; TILE]);

/// Transposes up to 16 runs of up to 32 values to 32 rows of 16. Where they are `LONG`, it is up to
/// 32 runs of up to 16 to 16 rows of 32. What is missing is 0.
///
/// # Safety
/// So many values must be at the start of each run, the runs `stride` apart.
#[inline(never)]
#[target_feature(enable = "avx512f,avx512dq")]
unsafe fn turn<const LONG: bool>(
    out: &mut Turned,
    from: *const f32,
    stride: usize,
    runs: usize,
    length: usize,
) {
    for half in 0..2 {
        let (first_run, first, at, width) =
            if LONG { (half * 16, 0, half * 16, 32) } else { (0, half * 16, half * 256, 16) };
        let mut block = [_mm512_setzero_ps(); 16];
        for (i, row) in block.iter_mut().enumerate() {
            let run = first_run + i;
            let count = if run < runs { length.saturating_sub(first).min(16) } else { 0 };
            // SAFETY: loads only what is there, by the caller's word.
            *row = unsafe { load(from.wrapping_add(run * stride + first), count) };
        }
        for (i, row) in transpose(block).into_iter().enumerate() {
            let out = &mut out.0[at + i * width..][..16];
            // SAFETY: 16 values, by the line above.
            unsafe { _mm512_storeu_ps(out.as_mut_ptr(), row) };
        }
    }
}

/// So many values, up to 16, and zeros.
///
/// # Safety
/// They must be there.
#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn load(from: *const f32, count: usize) -> __m512 {
    let mask = ((1_u32 << count) - 1) as __mmask16;
    // SAFETY: the caller's word; what the mask leaves out is not touched.
    unsafe { _mm512_maskz_loadu_ps(mask, from) }
}

/// The transpose of 16 rows of 16.
#[inline]
#[target_feature(enable = "avx512f,avx512dq")]
fn transpose(rows: [__m512; 16]) -> [__m512; 16] {
    let mut pairs = rows;
    for i in (0..16).step_by(2) {
        pairs[i] = _mm512_unpacklo_ps(rows[i], rows[i + 1]);
        pairs[i + 1] = _mm512_unpackhi_ps(rows[i], rows[i + 1]);
    }
    let mut fours = rows;
    for (i, four) in fours.iter_mut().enumerate() {
        // Four values of column `i % 4` of each fourth of the columns.
        let from = i / 4 * 4 + i % 4 / 2;
        let (a, b) = (_mm512_castps_pd(pairs[from]), _mm512_castps_pd(pairs[from + 2]));
        let both = if i % 2 == 0 { _mm512_unpacklo_pd(a, b) } else { _mm512_unpackhi_pd(a, b) };
        *four = _mm512_castpd_ps(both);
    }
    let mut out = rows;
    for i in 0..4 {
        let [a, b, c, d] = [fours[i], fours[i + 4], fours[i + 8], fours[i + 12]];
        let (even, next_even) =
            (_mm512_shuffle_f32x4::<0x88>(a, b), _mm512_shuffle_f32x4::<0x88>(c, d));
        let (odd, next_odd) =
            (_mm512_shuffle_f32x4::<0xdd>(a, b), _mm512_shuffle_f32x4::<0xdd>(c, d));
        out[i] = _mm512_shuffle_f32x4::<0x88>(even, next_even);
        out[i + 4] = _mm512_shuffle_f32x4::<0x88>(odd, next_odd);
        out[i + 8] = _mm512_shuffle_f32x4::<0xdd>(even, next_even);
        out[i + 12] = _mm512_shuffle_f32x4::<0xdd>(odd, next_odd);
    }
    out
}
