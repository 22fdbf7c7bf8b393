//! Numbers without end, the same for the same case, the extreme ones among them more often than by
//! chance.

use chainrule::tensor::{Real, Shape, Tensor};

/// The most memory that one value may take here.
pub const MOST_BYTES: usize = 64 << 20;

/// How many times the extent of a value may be estimated too large. What is said to be more than
/// the memory, and is not, would be tried.
const SLACK: usize = 32;

pub struct Draw(u64);

impl Draw {
    pub fn new(case: u64) -> Self {
        Draw(case.wrapping_mul(0x2545_f491_4f6c_dd1d))
    }

    /// SplitMix64.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `n`, which is at least 1.
    pub fn below(&mut self, n: usize) -> usize {
        (self.bits() % n as u64) as usize
    }

    /// True once in so many times.
    pub fn once_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub fn of<V: Copy>(&mut self, values: &[V]) -> V {
        values[self.below(values.len())]
    }

    /// A length that a value may have.
    pub fn length(&mut self) -> usize {
        self.of(&[0, 1, 1, 2, 2, 3, 3, 4, 5, 7, 8, 16, 17])
    }

    /// Any count: small ones, powers of two and what lies beside them, the largest.
    pub fn count(&mut self) -> usize {
        match self.below(4) {
            0 => {
                let power = 1_usize << self.below(64);
                self.of(&[power - 1, power, power.wrapping_add(1)])
            }
            1 => self.of(&[
                0,
                usize::MAX,
                usize::MAX - 1,
                isize::MAX as usize,
                usize::MAX / 8,
                usize::MAX / 4,
                1 << 32,
            ]),
            _ => self.length(),
        }
    }

    /// A number that is not too odd.
    pub fn unit(&mut self) -> f64 {
        self.bits() as f64 / u64::MAX as f64
    }

    /// Any number: zeros, infinities, NaN, denormal and enormous ones.
    pub fn number(&mut self) -> f64 {
        let odd = [
            0.0,
            -0.0,
            1.0,
            -1.0,
            0.5,
            2.0,
            f64::NAN,
            f64::INFINITY,
            f64::NEG_INFINITY,
            f64::MAX,
            f64::MIN,
            f64::MIN_POSITIVE,
            5e-324,
            -5e-324,
            1e-40,
            -1e30,
            1e19,
            3.4e38,
            1e300,
            f64::EPSILON,
        ];
        match self.below(3) {
            0 => self.of(&odd),
            1 => self.unit(),
            _ => (self.unit() - 0.5) * 10.0,
        }
    }

    /// A value of a tensor: an odd one now and then.
    pub fn value(&mut self) -> f64 {
        if self.once_in(12) { self.number() } else { self.unit() * 4.0 - 2.0 }
    }

    pub fn lengths(&mut self, most_axes: usize) -> Vec<usize> {
        let rank = self.below(most_axes + 1);
        (0..rank).map(|_| self.length()).collect()
    }

    /// A shape of few elements.
    pub fn small_shape(&mut self) -> Shape {
        let mut lengths = self.lengths(4);
        while lengths.iter().product::<usize>() > 4096 {
            lengths.pop();
        }
        Shape::new(&lengths)
    }

    /// Any shape that is small or refused.
    pub fn shape<T>(&mut self) -> Shape {
        loop {
            let mut lengths = self.lengths(6);
            for length in &mut lengths {
                if self.once_in(3) {
                    *length = self.count();
                }
            }
            let shape = Shape::new(&lengths);
            if is_tried(shape, size_of::<T>()) {
                return shape;
            }
        }
    }

    /// A count that is small or refused as a number of values of `bytes` each.
    pub fn count_of(&mut self, bytes: usize) -> usize {
        loop {
            let count = self.count();
            if is_tried(count.into(), bytes) {
                return count;
            }
        }
    }

    pub fn tensor<T: Real>(&mut self, shape: Shape) -> Tensor<T> {
        Tensor::from_fn(shape, |_| T::from_f64(self.value()))
    }

    pub fn small_tensor<T: Real>(&mut self) -> Tensor<T> {
        let shape = self.small_shape();
        self.tensor(shape)
    }

    pub fn values<T: Real>(&mut self, n: usize) -> Vec<T> {
        (0..n).map(|_| T::from_f64(self.value())).collect()
    }
}

/// Returns true if a value of this shape is small, or refused before it is tried. `bytes` is the
/// most that an element of it may take; it may take less, but no less than [`SLACK`] allows.
pub fn is_tried(shape: Shape, bytes: usize) -> bool {
    let extent = shape.iter().fold(bytes, |extent, &length| extent.saturating_mul(length.max(1)));
    extent <= MOST_BYTES || extent / SLACK > chainrule::tensor::memory::available()
}
