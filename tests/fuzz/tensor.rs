//! Constructors and methods of tensors.

use chainrule::tensor::random::{self, generator};
use chainrule::tensor::{Aligned, Dual, Real, Shape, Tensor, TensorView, memory};

use crate::draw::{Draw, is_tried};

pub fn tensors(draw: &mut Draw) {
    match draw.below(3) {
        0 => of::<f32>(draw),
        1 => of::<f64>(draw),
        _ => of::<Dual>(draw),
    }
}

fn of<T: Real>(draw: &mut Draw) {
    match draw.below(4) {
        0 => construct::<T>(draw),
        1 => shapes(draw),
        _ => methods::<T>(draw),
    }
}

fn construct<T: Real>(draw: &mut Draw) {
    let shape = draw.shape::<T>();
    let rng = &mut generator(draw.bits());
    let (a, b) = (draw.number(), draw.number());
    match draw.below(12) {
        0 => {
            let length = draw.length();
            let values = draw.values::<T>(length);
            let _ = TensorView::new(shape, &values).map(read);
            if let Ok(tensor) = Tensor::new(shape, values) {
                read(tensor.view());
            }
        }
        1 => read(Tensor::<T>::zeros(shape).view()),
        2 => read(Tensor::<T>::ones(shape).view()),
        3 => read(Tensor::<T>::full(shape, T::NAN).view()),
        4 => read(Tensor::<T>::from_fn(shape, T::from_usize).view()),
        5 => {
            let n = draw.count();
            if is_tried([n, n].into(), size_of::<T>()) {
                read(Tensor::<T>::identity(n).view());
            }
        }
        6 => {
            let _ = Tensor::<T>::uniform(shape, a..b, rng);
        }
        7 => {
            let _ = Tensor::<T>::normal(shape, a, b, rng);
        }
        8 => {
            let (low, high) = (draw.number(), draw.number());
            let _ = Tensor::<T>::truncated_normal(shape, a, b, low, high, rng);
        }
        9 => {
            let _ = Tensor::<T>::bernoulli(shape, a, rng);
        }
        10 => {
            let len = draw.count_of(size_of::<T>());
            let _ = Aligned::<T>::zeros(len);
        }
        _ => {
            let n = draw.count_of(8);
            let _ = (random::permutation(n, rng), memory::check::<T>(draw.count()));
        }
    }
}

fn shapes(draw: &mut Draw) {
    let lengths: Vec<usize> = (0..draw.below(9)).map(|_| draw.count()).collect();
    let shape = Shape::new(&lengths);
    let other = Shape::new(&lengths[draw.below(lengths.len() + 1)..]);
    let _ = (
        shape.elements(),
        shape.as_rows(),
        shape.strides(),
        shape.to_string(),
        shape.fits::<f64>(),
    );
    let _ = shape.broadcast(other);
    let (axis, length) = (draw.of(&[0, 1, 5, usize::MAX]), draw.count());
    match draw.below(3) {
        0 => _ = shape.with_length(axis, length),
        1 => _ = shape.without_axis(axis),
        _ => _ = other.broadcast_strides(shape),
    }
}

/// Reads all that a view gives.
fn read<T: Real>(view: TensorView<'_, T>) {
    assert_eq!(view.values().len(), view.shape().elements());
    let sum: f64 = view.values().iter().map(|x| x.to_f64()).sum();
    if let Ok(matrix) = view.as_matrix_transposed() {
        assert_eq!(matrix.len(), view.values().len());
        let of_matrix: f64 = matrix.iter().map(|x| x.to_f64()).sum();
        assert!(sum.to_bits() == of_matrix.to_bits() || sum.is_nan() && of_matrix.is_nan());
    }
}

fn methods<T: Real>(draw: &mut Draw) {
    let (mut x, y) = (draw.small_tensor::<T>(), draw.small_tensor::<T>());
    let (axis, count, row) =
        (draw.of(&[0, 0, 1, 2, 3, 6, usize::MAX]), draw.count(), draw.below(5));
    match draw.below(16) {
        0 => _ = x.add(&y).and_then(|z| z.div(&x)),
        1 => _ = x.matmul(&y).and_then(|z| z.transposed()),
        2 => _ = Tensor::concat(axis, &[&x, &y, &x]),
        3 => _ = x.slice_rows(row..count).and_then(|z| z.slice_rows(count..row)),
        4 => _ = x.select_rows(&[row, 0, row]).and_then(|z| z.select_rows(&[count])),
        5 => {
            let shape = draw.shape::<T>();
            _ = x.reshape(shape).map(|x| read(x.view()));
        }
        6 => {
            _ = (
                x.sum(axis),
                x.mean(axis),
                x.max(axis),
                x.min(axis),
                x.log_sum_exp(axis),
                x.argmax(axis),
            )
        }
        7 => {
            let axes: Vec<usize> = (0..draw.below(9)).map(|_| draw.below(4)).collect();
            _ = (x.sum(&axes[..]), x.max(&axes[..]), x.log_sum_exp(&axes[..]));
        }
        8 => {
            _ = (
                x.sum(..),
                x.mean(..),
                x.max(..),
                x.to_string(),
                format!("{x:?}"),
                format!("{x:.3}"),
            )
        }
        9 => _ = (x.qr(), x.singular_values()),
        10 => _ = x.at(&[row, axis]),
        11 => _ = x.row(count),
        12 => {
            if let Ok(mut matrix) = x.as_matrix_transposed_mut() {
                matrix.iter_mut().for_each(|x| *x += T::ONE);
            }
            read(x.view());
        }
        13 => {
            if let Ok(matrix) = x.clone().into_matrix_transposed() {
                assert_eq!(Tensor::from_matrix_transposed(matrix).shape(), x.shape());
            }
        }
        14 => _ = x.to_matrix().map(|matrix| Tensor::from_matrix(&matrix)),
        _ => {
            let copy: Tensor = x.cast();
            _ = (copy.map(f32::exp), x.into_values());
        }
    }
}
