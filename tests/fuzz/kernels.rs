//! Kernels over slices: whatever the sizes say, only the slices are read and written.

use chainrule::tensor::gemm::{Mat, MatMut, Precision, Put, gemm, gemm_on};
use chainrule::tensor::parallel::{Chunks, Pool};
use chainrule::tensor::{Real, broadcast, elementwise, reduce, transpose};

use crate::draw::Draw;

pub fn kernels(draw: &mut Draw) {
    if draw.once_in(2) { of::<f32>(draw) } else { of::<f64>(draw) }
}

fn of<T: Real>(draw: &mut Draw) {
    let put = draw.of(&[Put::Set, Put::Add]);
    let (shape, reduced) = (draw.small_shape(), draw.small_shape());
    let a = draw.values::<T>(shape.elements());
    let length = if draw.once_in(4) { draw.length() } else { reduced.elements() };
    let mut out = draw.values::<T>(length);
    match draw.below(11) {
        0 => product::<T>(draw, put),
        1 => {
            let (rows, columns) = (draw.count(), draw.count());
            transpose(put, &mut out, &a, rows, columns);
        }
        2 => {
            let huge = draw.shape::<T>();
            broadcast::zip(put, &mut out, reduced, &a, shape, &a, huge, |a, b| a + b);
        }
        3 => broadcast::zip(put, &mut out, reduced, &a, shape, &a, shape, |a, b| a * b),
        4 => broadcast::expand(put, &mut out, reduced, &a, shape),
        5 => broadcast::fold(put, &mut out, reduced, &a, shape),
        6 => reduce::mean(put, &mut out, reduced, &a, shape),
        7 => reduce::max(&mut out, reduced, &a, shape),
        8 => reduce::log_sum_exp(&mut out, reduced, &a, shape),
        9 => elementwise::zip(put, &mut out, &a, &a, |a, b| a - b),
        _ => {
            let chunk = draw.count();
            let chunks = Chunks::new(&mut out, chunk);
            let part = draw.count();
            chunks.take(part).fill(T::ZERO);
            chunks.take(draw.below(70)).fill(T::ONE);
        }
    }
}

/// A product of matrices whose sizes may not be those of the slices.
fn product<T: Real>(draw: &mut Draw, put: Put) {
    let [m, k, n] = [(); 3].map(|()| draw.of(&[0, 1, 1, 2, 3, 5, 8, 17, 33]));
    let (a, b) = (draw.values::<T>(m * k), draw.values::<T>(k * n));
    let mut c = draw.values::<T>(m * n);
    let lie = |draw: &mut Draw, size: usize| if draw.once_in(30) { draw.count() } else { size };
    let (ta, tb) = (draw.once_in(2), draw.once_in(2));
    let mut mat = |values, rows, columns, transposed: bool| {
        let (rows, columns) = (lie(draw, rows), lie(draw, columns));
        if transposed {
            Mat::new(values, columns, rows).t()
        } else {
            Mat::new(values, rows, columns)
        }
    };
    let (a, b) = (mat(&a, m, k, ta), mat(&b, k, n, tb));
    let c = MatMut::new(&mut c, m, n);
    if draw.once_in(8) {
        let pool = Pool::new(draw.of(&[0, 1, 2, 3]));
        gemm_on(&pool, draw.of(&Precision::ALL), put, c, a, b, |part, columns| {
            assert!(part.is_empty() || part.len() >= columns.len());
        });
    } else {
        gemm(put, c, a, b);
    }
}
