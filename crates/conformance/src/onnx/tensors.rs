//! The graph's own operations: arithmetic, reductions, and what moves elements.

use chainrule::nn::activation;
use chainrule::prelude::*;

use super::activations::along;
use super::node::{Node, counted};
use super::recording::{Recorded, Recording};

pub(super) fn record<'g, T: Real>(r: &Recording<'g, '_, T>) -> Recorded<'g, T> {
    let (node, x) = (r.node, r.x(0)?);
    let y = match node.op.as_str() {
        "Add" => x + r.x(1)?,
        "Sub" => x - r.x(1)?,
        "Mul" => x * r.x(1)?,
        "Div" => x / r.x(1)?,
        "Greater" => x.greater(r.x(1)?),
        "Less" => x.less(r.x(1)?),
        "Max" => fold(r, |a, b| a.maximum(b))?,
        "Min" => fold(r, |a, b| a.minimum(b))?,
        "Sum" => fold(r, |a, b| a + b)?,
        "Mean" => fold(r, |a, b| a + b)? / T::from_f64(node.inputs.len() as f64),
        "Where" => x.select(r.x(1)?, r.x(2)?),
        "Abs" => x.abs(),
        "Clip" if node.optional(1).is_some() && node.optional(2).is_some() => {
            let text = format!(
                "hard_tanh(min_value={}, max_value={})",
                node.scalar(1, -1.0),
                node.scalar(2, 1.0)
            );
            activation::by_name::<T>(&text).map_err(|error| error.to_string())?.forward(x)
        }
        "Clip" => {
            let [low, high] =
                [node.scalar(1, f64::NEG_INFINITY), node.scalar(2, f64::INFINITY)].map(T::from_f64);
            x.clamp(low, high)
        }
        "Atan" => x.atan(),
        "Cos" => x.cos(),
        // A function of numbers that is no operation of the graph.
        "Erf" => r.graph.constant(&node.input(0)?.cast::<T>().map(T::erf)),
        "Exp" => x.exp(),
        "Log" => x.ln(),
        "Neg" => -x,
        "Pow" => x.pow(r.x(1)?),
        "Reciprocal" => x.recip(),
        "Sin" => x.sin(),
        "Sqrt" => x.sqrt(),
        "Gemm" => gemm(r)?,
        "MatMul" => matmul(x, r.x(1)?),
        "LpNormalization" => lp_normalization(node, x)?,
        "Hardmax" => along(x, node.axis(-1)?, |x| {
            let one_hot = r.graph.constant(&Tensor::identity(x.features()));
            one_hot.gather_rows(x.argmax(x.shape().rank() - 1))
        }),
        "ArgMax" | "ArgMin" => {
            let axis = node.axis(0)?;
            let place = if node.op == "ArgMax" { x.argmax(axis) } else { (-x).argmax(axis) };
            kept(node, x.shape(), place, &[axis])
        }
        "GlobalAveragePool" | "GlobalMaxPool" => {
            let places: Vec<usize> = (2..x.shape().rank()).collect();
            let pooled =
                if node.op == "GlobalMaxPool" { x.max(&places[..]) } else { x.mean(&places[..]) };
            kept(node, x.shape(), pooled, &places)
        }
        op if op.starts_with("Reduce") => reduce(node, x)?,
        _ => return rearrange(r, x),
    };
    Ok(vec![y])
}

/// All inputs, from left to right.
fn fold<'g, T: Real>(
    r: &Recording<'g, '_, T>,
    f: impl Fn(Var<'g, T>, Var<'g, T>) -> Var<'g, T>,
) -> Result<Var<'g, T>, String> {
    (1..r.node.inputs.len()).try_fold(r.x(0)?, |sum, position| Ok(f(sum, r.x(position)?)))
}

/// `alpha a b + beta c`, where `a` and `b` may be transposed.
fn gemm<'g, T: Real>(r: &Recording<'g, '_, T>) -> Result<Var<'g, T>, String> {
    let turned =
        |x: Var<'g, T>, name: &str| if r.node.integer(name, 0) == 1 { x.transpose() } else { x };
    let product = turned(r.x(0)?, "transA").matmul(turned(r.x(1)?, "transB"));
    let scaled = product * T::from_f64(r.node.number("alpha", 1.0));
    match r.node.optional(2) {
        None => Ok(scaled),
        Some(bias) => Ok(scaled + r.input(bias) * T::from_f64(r.node.number("beta", 1.0))),
    }
}

/// The matrix product, where a vector is a row on the left and a column on the right.
fn matmul<'g, T: Real>(a: Var<'g, T>, b: Var<'g, T>) -> Var<'g, T> {
    if b.shape().rank() > 1 {
        return a.matmul(b);
    }
    let rows = if a.shape().rank() == 1 { a.reshape([1, a.features()]) } else { a };
    let left = a.shape().without_axis(a.shape().rank() - 1);
    rows.matmul(b.reshape([b.features(), 1])).reshape(left)
}

/// Along one axis, over the sum of the absolute values or the square root of that of the squares;
/// zeros stay zeros.
fn lp_normalization<'g, T: Real>(node: &Node, x: Var<'g, T>) -> Result<Var<'g, T>, String> {
    let axis = node.axis(-1)?;
    let norm =
        if node.integer("p", 2) == 1 { x.abs().sum(axis) } else { x.square().sum(axis).sqrt() };
    let norm = kept(node, x.shape(), norm, &[axis]);
    Ok(norm.select(x / norm, x))
}

/// A reduction along some axes, all of them by default.
fn reduce<'g, T: Real>(node: &Node, x: Var<'g, T>) -> Result<Var<'g, T>, String> {
    let rank = x.shape().rank();
    let axes: Vec<usize> = match node.whole(1) {
        Some(axes) if !axes.is_empty() => axes.iter().map(|&axis| counted(axis, rank)).collect(),
        _ if node.integer("noop_with_empty_axes", 0) == 1 => Vec::new(),
        _ => (0..rank).collect(),
    };
    let along = axes.as_slice();
    let y = match node.op.as_str() {
        "ReduceL1" => x.abs().sum(along),
        "ReduceL2" => x.square().sum(along).sqrt(),
        "ReduceLogSum" => x.sum(along).ln(),
        "ReduceLogSumExp" => x.log_sum_exp(along),
        "ReduceMax" => x.max(along),
        "ReduceMean" => x.mean(along),
        "ReduceMin" => x.min(along),
        "ReduceSum" => x.sum(along),
        "ReduceSumSquare" => x.square().sum(along),
        op => return Err(format!("{op} is not checked")),
    };
    Ok(kept(node, x.shape(), y, along))
}

/// A reduced variable with the axes that went at length 1, unless they should be gone.
fn kept<'g, T: Real>(
    node: &Node,
    before: Shape,
    reduced: Var<'g, T>,
    axes: &[usize],
) -> Var<'g, T> {
    if node.integer("keepdims", 1) == 0 {
        return reduced;
    }
    let lengths: Vec<usize> = before
        .iter()
        .enumerate()
        .map(|(axis, &length)| if axes.contains(&axis) { 1 } else { length })
        .collect();
    reduced.reshape(lengths.as_slice())
}

/// The operators that move elements without computing.
fn rearrange<'g, T: Real>(r: &Recording<'g, '_, T>, x: Var<'g, T>) -> Recorded<'g, T> {
    let (node, shape) = (r.node, x.shape());
    let y = match node.op.as_str() {
        "Concat" => {
            let all: Result<Vec<_>, _> =
                (0..node.inputs.len()).map(|position| r.x(position)).collect();
            r.graph.concat(node.axis(0)?, &all?)
        }
        "Expand" => {
            let lengths: Vec<usize> =
                node.whole(1).unwrap_or_default().iter().map(|&length| length as usize).collect();
            x + r.graph.constant(&Tensor::zeros(lengths.as_slice()))
        }
        "Flatten" if node.axis(1)? == 1 => x.flatten(),
        "Flatten" => {
            let rows = shape[..node.axis(1)?].iter().product();
            x.reshape([rows, shape.elements() / rows])
        }
        "Gather" => gather(r, x)?,
        "Reshape" => x.reshape(lengths(node, shape).as_slice()),
        "Slice" => slice(node, x),
        "Split" => return split(node, x),
        "Squeeze" => {
            let gone: Vec<usize> = axes(node, shape.rank());
            let left: Vec<usize> = (0..shape.rank())
                .filter(|axis| !gone.contains(axis))
                .map(|axis| shape[axis])
                .collect();
            x.reshape(left.as_slice())
        }
        "Transpose" => {
            x.permute(&node.positions("perm").unwrap_or_else(|| (0..shape.rank()).rev().collect()))
        }
        "Unsqueeze" => {
            let rank = shape.rank() + node.whole(1).unwrap_or_default().len();
            let new = axes(node, rank);
            let mut old = shape.iter();
            let one_or_next =
                |axis| if new.contains(&axis) { Some(1) } else { old.next().copied() };
            let lengths: Vec<usize> = (0..rank).map_while(one_or_next).collect();
            x.reshape(lengths.as_slice())
        }
        op => return Err(format!("{op} is not checked")),
    };
    Ok(vec![y])
}

/// The axes that the second input names.
fn axes(node: &Node, rank: usize) -> Vec<usize> {
    node.whole(1).unwrap_or_default().iter().map(|&axis| counted(axis, rank)).collect()
}

/// Rows of an axis, which is taken to the front and back.
fn gather<'g, T: Real>(r: &Recording<'g, '_, T>, x: Var<'g, T>) -> Result<Var<'g, T>, String> {
    let (axis, rank) = (r.node.axis(0)?, x.shape().rank());
    // A negative index counts from the end in ONNX.
    let length = x.shape()[axis];
    let indices =
        r.node.input(1)?.map(|place: f64| if place < 0.0 { place + length as f64 } else { place });
    let front: Vec<usize> =
        [axis].into_iter().chain((0..rank).filter(|&other| other != axis)).collect();
    let gathered = x.permute(&front).gather_rows(r.input(&indices));
    let many = indices.shape().rank();
    let back: Vec<usize> =
        (many..many + axis).chain(0..many).chain(many + axis..many + rank - 1).collect();
    Ok(gathered.permute(&back))
}

/// The shape that is asked for, where 0 is the length before and -1 what is left.
fn lengths(node: &Node, before: Shape) -> Vec<usize> {
    let asked = node.whole(1).unwrap_or_default();
    let same = node.integer("allowzero", 0) == 0;
    let known = |(axis, &length): (usize, &i64)| match length {
        -1 => None,
        0 if same => Some(before[axis]),
        length => Some(length as usize),
    };
    let known: Vec<Option<usize>> = asked.iter().enumerate().map(known).collect();
    let product: usize = known.iter().flatten().product();
    known.iter().map(|length| length.unwrap_or_else(|| before.elements() / product)).collect()
}

/// A range along each of some axes; ONNX's ends count from the end if negative, and may lie
/// outside.
fn slice<'g, T: Real>(node: &Node, x: Var<'g, T>) -> Var<'g, T> {
    let [starts, ends] = [1, 2].map(|position| node.whole(position).unwrap_or_default());
    let axes = node.whole(3).unwrap_or_else(|| (0..starts.len() as i64).collect());
    let ranges = axes.iter().zip(starts.iter().zip(&ends));
    ranges.fold(x, |x, (&axis, (&start, &end))| {
        let axis = counted(axis, x.shape().rank());
        let length = x.shape()[axis] as i64;
        let place =
            |place: i64| (if place < 0 { place + length } else { place }).clamp(0, length) as usize;
        x.slice(axis, place(start)..place(end))
    })
}

/// Pieces along an axis: of the lengths that are given, or of equal ones but for the last.
fn split<'g, T: Real>(node: &Node, x: Var<'g, T>) -> Recorded<'g, T> {
    let axis = node.axis(0)?;
    let (length, pieces) = (x.shape()[axis], node.results());
    let each = length.div_ceil(pieces);
    let mut begin = 0;
    let piece = |position: usize| {
        let asked = node.whole(1).map_or(each, |lengths| lengths[position] as usize);
        let range = begin..(begin + asked).min(length);
        begin = range.end;
        x.slice(axis, range)
    };
    Ok((0..pieces).map(piece).collect())
}
