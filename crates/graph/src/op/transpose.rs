use std::panic::Location;
use std::sync::Arc;

use chainrule_tensor::gemm::Put;
use chainrule_tensor::{Real, Shape};

use super::{Backward, Forward, Op, Reads};
use crate::Var;

/// The axes in another order: axis `i` of the value is axis `order[i]` of the input. The gradient
/// goes back through the inverse order.
#[derive(Debug)]
struct Permute {
    name: &'static str,
    order: Vec<usize>,
}

impl<T: Real> Op<T> for Permute {
    fn name(&self) -> &str {
        self.name
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        let from = inputs[0];
        let mut seen = [false; Shape::MAX_RANK];
        let each_once = self.order.len() == from.rank()
            && self
                .order
                .iter()
                .all(|&axis| axis < from.rank() && !std::mem::replace(&mut seen[axis], true));
        if !each_once && self.name == "transpose" {
            return Err(format!(
                "shape {from} is not a matrix; for other ranks name the order with `permute`"
            ));
        }
        if !each_once {
            return Err(format!("the order {:?} must name each axis of {from} once", self.order));
        }
        let lengths: Vec<usize> = self.order.iter().map(|&axis| from[axis]).collect();
        Ok(Shape::new(&lengths))
    }

    fn reads(&self) -> Reads {
        Reads::NOTHING
    }

    fn forward(&self, pass: Forward<'_, T>) {
        let from = pass.inputs.shape(0).strides();
        let mut strides = [0; Shape::MAX_RANK];
        for (stride, &axis) in strides.iter_mut().zip(&self.order) {
            *stride = from[axis];
        }
        strided(Put::Set, pass.output, pass.shape, pass.inputs.get(0), strides);
    }

    fn vjp(&self, mut pass: Backward<'_, T>) {
        let from = pass.shape.strides();
        let mut strides = [0; Shape::MAX_RANK];
        for (&axis, &stride) in self.order.iter().zip(&from) {
            strides[axis] = stride;
        }
        let shape = pass.inputs.shape(0);
        if let Some(dx) = pass.cotangents.get(0) {
            strided(dx.put, dx.values, shape, pass.upstream, strides);
        }
    }
}

/// Sets or adds the elements of `a`, walked through with these strides, to those of `out` in
/// row-major order.
fn strided<T: Real>(
    put: Put,
    out: &mut [T],
    shape: Shape,
    a: &[T],
    strides: [usize; Shape::MAX_RANK],
) {
    let Some((&length, outer)) = shape.split_last() else {
        out[0] = if put == Put::Set { a[0] } else { out[0] + a[0] };
        return;
    };
    if out.is_empty() {
        return;
    }
    let step = strides[outer.len()];
    let (mut index, mut start) = ([0; Shape::MAX_RANK], 0);
    for run in out.chunks_exact_mut(length) {
        let from = a[start..].iter().step_by(step);
        match put {
            Put::Set => run.iter_mut().zip(from).for_each(|(o, &a)| *o = a),
            Put::Add => run.iter_mut().zip(from).for_each(|(o, &a)| *o += a),
        }
        for axis in (0..outer.len()).rev() {
            index[axis] += 1;
            start += strides[axis];
            if index[axis] < outer[axis] {
                break;
            }
            start -= strides[axis] * outer[axis];
            index[axis] = 0;
        }
    }
}

impl<'g, T: Real> Var<'g, T> {
    /// The transpose of a matrix: `[rows, columns]` becomes `[columns, rows]`. The gradient is
    /// transposed back.
    ///
    /// Any other rank is a mistake that planning reports; see [`permute`](Var::permute).
    #[track_caller]
    #[must_use]
    pub fn transpose(self) -> Var<'g, T> {
        let op = Permute { name: "transpose", order: vec![1, 0] };
        self.graph().record(Arc::new(op), &[self], Location::caller())
    }

    /// The axes in another order: axis `i` of the value is axis `order[i]` of `self`, as in NumPy's
    /// `transpose`.
    ///
    /// An order that does not name each axis once is a mistake that planning reports.
    ///
    /// ```
    /// use chainrule_graph::Graph;
    ///
    /// let graph = Graph::<f32>::new();
    /// let images = graph.input("images", [32, 28, 20, 3]);
    /// assert_eq!(images.permute(&[0, 3, 1, 2]).shape(), [32, 3, 28, 20].into());
    /// ```
    #[track_caller]
    #[must_use]
    pub fn permute(self, order: &[usize]) -> Var<'g, T> {
        let op = Permute { name: "permute", order: order.to_vec() };
        self.graph().record(Arc::new(op), &[self], Location::caller())
    }
}

#[cfg(test)]
mod tests {
    use chainrule_tensor::Tensor;

    use crate::testing::{check, mistake, spread, value};

    #[test]
    fn gradients_agree_with_differences() {
        for shape in [[3, 4], [1, 5], [5, 1], [1, 1], [0, 3]] {
            check(&[&shape], |_, x| x[0].transpose().square());
        }
        for order in [[0, 1, 2], [2, 0, 1], [1, 2, 0], [0, 2, 1]] {
            check(&[&[2, 3, 4]], |_, x| x[0].permute(&order).square());
        }
        check(&[&[]], |_, x| x[0].permute(&[]).square());
    }

    #[test]
    fn elements_move_to_the_permuted_index() {
        let x = Tensor::from_fn([2, 3, 4], |i| i as f64);
        let y = value(std::slice::from_ref(&x), |_, x| x[0].permute(&[2, 0, 1]));
        assert_eq!(y.shape(), [4, 2, 3].into());
        for (i, j, k) in [(0, 0, 0), (1, 2, 3), (1, 0, 2), (0, 2, 1)] {
            assert_eq!(y.at(&[k, i, j]), x.at(&[i, j, k]));
        }
        let matrix = Tensor::from_rows([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
        assert_eq!(
            value(&[matrix], |_, x| x[0].transpose()).values(),
            [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]
        );
    }

    #[test]
    fn a_product_transposes_to_the_product_of_the_transposes_in_reverse() {
        let inputs = [spread([3, 4], 0), spread([4, 5], 1)];
        let left = value(&inputs, |_, x| x[0].matmul(x[1]).transpose());
        let right = value(&inputs, |_, x| x[1].transpose().matmul(x[0].transpose()));
        // Both sum the same four products, in an order that the matrix kernel chooses.
        assert!(
            left.values().iter().zip(right.values()).all(|(l, r)| (l - r).abs() < 1e-15),
            "{left:?} {right:?}"
        );
    }

    #[test]
    fn a_wrong_order_is_a_mistake() {
        assert_eq!(
            mistake(&[&[2, 3, 4]], |_, x| x[0].transpose()),
            "transpose: shape [2, 3, 4] is not a matrix; for other ranks name the order with \
             `permute`"
        );
        for order in [&[0, 0][..], &[0, 2], &[0], &[0, 1, 2]] {
            assert_eq!(
                mistake(&[&[2, 3]], |_, x| x[0].permute(order)),
                format!("permute: the order {order:?} must name each axis of [2, 3] once")
            );
        }
    }
}
