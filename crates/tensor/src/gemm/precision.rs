/// How exactly large products of `f32` are computed: how many parts each factor is split into.
///
/// A processor with matrix units (Intel's AMX, found at run time on Linux) multiplies `bfloat16`
/// many times faster than `f32`. A `bfloat16` has the range of `f32` and 8 bits of its precision.
/// Two or three such numbers hold an `f32`: `x = x1 + x2 + x3`, each the nearest one to what is
/// left. The largest products of parts are then added up in `f32`.
///
/// | | terms of `a b` | error beside that of the sum itself | typical error |
/// |---|---|---|---|
/// | `F32` | `a1 b1 + a1 b2 + a2 b1 + a2 b2 + a1 b3 + a3 b1` | `2^-24` (6e-8) | 2e-8 to 6e-8 |
/// | `Fast` | `a1 b1 + a1 b2 + a2 b1` | `2^-15` (3.1e-5) | 5e-7 to 2e-6 |
/// | `Bf16` | `a1 b1` | `2^-7` (0.8 %) | 3e-4 to 1e-3 |
///
/// Errors are parts of `sum |a b|`; the typical ones are the largest of a random product with an
/// inner length of 2048 and of 128. Sums are in `f32` always, as in a product without the units.
///
/// It is a permission: small products, `f64` and dual numbers, and all products on other processors
/// are computed as with `F32`, without the matrix units. So are pieces of a product with factors
/// that a split would lose or turn to infinity. Those are magnitudes below `2^-100` or from `2^126`
/// on, products below `2^-100` or from `2^116` on, infinities and NaN. Which pieces these are
/// depends on the factors alone, and the bits are the same with any number of threads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Precision {
    /// As accurate as a product of `f32`: on matrix units with six terms, where those are faster.
    #[default]
    F32,
    /// Three terms: an error of about a millionth of `sum |a b|`, of at most `2^-15`.
    Fast,
    /// One term: both factors are rounded to `bfloat16`.
    Bf16,
}

impl Precision {
    /// All of them, the most exact one first.
    pub const ALL: [Precision; 3] = [Precision::F32, Precision::Fast, Precision::Bf16];

    /// `f32`, `fast` or `bf16`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Precision::F32 => "f32",
            Precision::Fast => "fast",
            Precision::Bf16 => "bf16",
        }
    }

    /// The one with this name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        Precision::ALL.into_iter().find(|precision| precision.name() == name)
    }
}
