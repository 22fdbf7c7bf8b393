//! The laws of tensor algebra, and reductions against their definitions, over random shapes.

use chainrule_tensor::random::{Generator, generator};
use chainrule_tensor::reduce::Axes;
use chainrule_tensor::{Shape, Tensor};
use rand::RngExt;

fn normal(shape: impl Into<Shape>, rng: &mut Generator) -> Tensor<f64> {
    Tensor::normal(shape, 0.0, 1.0, rng).unwrap()
}

#[track_caller]
fn assert_close(a: &Tensor<f64>, b: &Tensor<f64>, tolerance: f64, context: &str) {
    assert_eq!(a.shape(), b.shape(), "{context}");
    for (i, (x, y)) in a.values().iter().zip(b.values()).enumerate() {
        assert!((x - y).abs() <= tolerance, "{context}: {x} and {y} at {i}");
    }
}

/// A random shape of up to 4 axes, and a random set of its axes.
fn shape_and_axes(rng: &mut Generator) -> (Shape, Vec<usize>) {
    let rank = rng.random_range(0..=4);
    let lengths: Vec<usize> = (0..rank).map(|_| rng.random_range(1..9)).collect();
    let mut axes: Vec<usize> = (0..rank).filter(|_| rng.random_bool(0.5)).collect();
    if rng.random_bool(0.5) {
        axes.reverse();
    }
    (lengths.as_slice().into(), axes)
}

/// The values that are reduced to each output, found by index arithmetic alone.
fn groups(x: &Tensor<f64>, axes: &[usize]) -> Vec<Vec<f64>> {
    let shape = x.shape();
    let kept: Vec<usize> = (0..shape.rank()).filter(|axis| !axes.contains(axis)).collect();
    let mut out = vec![Vec::new(); kept.iter().map(|&axis| shape[axis]).product()];
    for (position, &value) in x.values().iter().enumerate() {
        let index =
            |axis: usize| position / shape[axis + 1..].iter().product::<usize>() % shape[axis];
        out[kept.iter().fold(0, |output, &axis| output * shape[axis] + index(axis))].push(value);
    }
    out
}

#[test]
fn the_transpose_of_a_product_is_the_product_of_the_transposes() {
    let mut rng = generator(1);
    for _ in 0..200 {
        let [m, k, n] = std::array::from_fn(|_| rng.random_range(1..40));
        let (a, b) = (normal([m, k], &mut rng), normal([k, n], &mut rng));
        let left = a.matmul(&b).unwrap().transposed().unwrap();
        let right = b.transposed().unwrap().matmul(&a.transposed().unwrap()).unwrap();
        assert_close(&left, &right, 1e-12, &format!("{m}x{k}x{n}"));
    }
}

#[test]
fn the_product_distributes_and_associates() {
    let mut rng = generator(2);
    for _ in 0..200 {
        let [m, k, n, p] = std::array::from_fn(|_| rng.random_range(1..20));
        let (a, b, c) =
            (normal([m, k], &mut rng), normal([k, n], &mut rng), normal([n, p], &mut rng));
        let other = normal([k, n], &mut rng);
        let context = format!("{m}x{k}x{n}x{p}");
        let left = a.matmul(&b.add(&other).unwrap()).unwrap();
        let right = a.matmul(&b).unwrap().add(&a.matmul(&other).unwrap()).unwrap();
        assert_close(&left, &right, 1e-12, &context);
        let left = a.matmul(&b).unwrap().matmul(&c).unwrap();
        let right = a.matmul(&b.matmul(&c).unwrap()).unwrap();
        assert_close(&left, &right, 1e-11, &context);
        assert_eq!(a.matmul(&Tensor::identity(k)).unwrap(), a, "{context}");
    }
}

#[test]
fn reductions_agree_with_their_definitions() {
    let mut rng = generator(3);
    for _ in 0..2000 {
        let (shape, axes) = shape_and_axes(&mut rng);
        let x = normal(shape, &mut rng);
        let groups = groups(&x, &axes);
        let list = || Axes::from(axes.as_slice());
        let target = list().removed(shape, "test").unwrap();
        let context = format!("{shape} over {axes:?}");
        let expected = |f: &dyn Fn(&[f64]) -> f64| {
            Tensor::new(target, groups.iter().map(|group| f(group)).collect::<Vec<_>>()).unwrap()
        };
        let sum = |group: &[f64]| group.iter().sum::<f64>();
        assert_close(&x.sum(list()).unwrap(), &expected(&sum), 1e-11, &context);
        assert_close(
            &x.mean(list()).unwrap(),
            &expected(&|g| sum(g) / g.len() as f64),
            1e-13,
            &context,
        );
        let max = |group: &[f64]| group.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        assert_eq!(x.max(list()).unwrap(), expected(&max), "{context}");
        assert_eq!(
            x.min(list()).unwrap(),
            x.map(|x| -x).max(list()).unwrap().map(|x| -x),
            "{context}"
        );
        let log_sum_exp = |group: &[f64]| group.iter().map(|x| x.exp()).sum::<f64>().ln();
        assert_close(&x.log_sum_exp(list()).unwrap(), &expected(&log_sum_exp), 1e-12, &context);
        if let [axis] = axes[..] {
            let argmax = x.argmax(axis).unwrap();
            let max = x.max(axis).unwrap();
            assert!(
                argmax
                    .iter()
                    .zip(&groups)
                    .zip(max.values())
                    .all(|((&i, group), &max)| group[i] == max),
                "{context}"
            );
        }
        let single = x.cast::<f32>().sum(list()).unwrap().cast::<f64>();
        // f32: 16 epsilon of the sum of magnitudes and one rounding of each value and of the
        // result.
        let bound = 18.0 * f64::from(f32::EPSILON);
        let magnitudes = expected(&|group| group.iter().map(|x| x.abs()).sum());
        let errors = single.sub(&expected(&sum)).unwrap();
        let within =
            errors.values().iter().zip(magnitudes.values()).all(|(e, m)| e.abs() <= bound * m);
        assert!(within, "{context} in f32: {errors:?}");
    }
}

#[test]
fn the_deviations_from_the_mean_sum_to_zero() {
    let mut rng = generator(4);
    for _ in 0..500 {
        let (shape, axes) = shape_and_axes(&mut rng);
        let x = normal(shape, &mut rng);
        let reduced = Axes::from(axes.as_slice()).reduced(shape, "test").unwrap();
        let mean = x.mean(axes.as_slice()).unwrap().reshape(reduced).unwrap();
        let deviations = x.sub(&mean).unwrap().sum(axes.as_slice()).unwrap();
        let zeros = Tensor::zeros(deviations.shape());
        assert_close(&deviations, &zeros, 1e-10, &format!("{shape} over {axes:?}"));
    }
}

#[test]
fn a_slice_undoes_a_concatenation() {
    let mut rng = generator(5);
    for _ in 0..200 {
        let [m, n, columns] = std::array::from_fn(|_| rng.random_range(0..6));
        let (a, b) = (normal([m, columns], &mut rng), normal([n, columns], &mut rng));
        let joined = Tensor::concat(0, &[&a, &b]).unwrap();
        assert_eq!(joined.slice_rows(0..m).unwrap(), a);
        assert_eq!(joined.slice_rows(m..m + n).unwrap(), b);
        let side_by_side =
            Tensor::concat(1, &[&a.transposed().unwrap(), &b.transposed().unwrap()]).unwrap();
        assert_eq!(side_by_side.transposed().unwrap(), joined);
    }
}
