//! Least squares with certified results: small problems of NIST's Statistical Reference Datasets (nonlinear regression).

use super::Lbfgs;

/// A model's value and its derivatives by the parameters.
type Model = fn(&[f64], f64, &mut [f64]) -> f64;

struct Problem {
    name: &'static str,
    model: Model,
    x: &'static [f64],
    y: &'static [f64],
    starts: [&'static [f64]; 2],
    certified: &'static [f64],
    /// The certified sum of squares.
    squares: f64,
}

const MISRA_X: &[f64] =
    &[77.6, 114.9, 141.1, 190.8, 239.9, 289.0, 332.8, 378.4, 434.8, 477.3, 536.8, 593.1, 689.1, 760.0];
const MISRA_Y: &[f64] =
    &[10.07, 14.73, 17.94, 23.93, 29.61, 35.18, 40.02, 44.82, 50.76, 55.05, 61.01, 66.40, 75.47, 81.78];

fn saturating(b: &[f64], x: f64, d: &mut [f64]) -> f64 {
    let e = (-b[1] * x).exp();
    d.copy_from_slice(&[1.0 - e, b[0] * x * e]);
    b[0] * (1.0 - e)
}

const PROBLEMS: [Problem; 8] = [
    Problem {
        name: "Misra1a",
        model: saturating,
        x: MISRA_X,
        y: MISRA_Y,
        starts: [&[500.0, 1e-4], &[250.0, 5e-4]],
        certified: &[238.942_129_18, 5.501_564_318_1e-4],
        squares: 1.245_513_889_4e-1,
    },
    Problem {
        name: "Misra1b",
        model: |b, x, d| {
            let u = 1.0 + b[1] * x / 2.0;
            d.copy_from_slice(&[1.0 - u.powi(-2), b[0] * x * u.powi(-3)]);
            b[0] * (1.0 - u.powi(-2))
        },
        x: MISRA_X,
        y: MISRA_Y,
        starts: [&[500.0, 1e-4], &[300.0, 2e-4]],
        certified: &[337.997_461_63, 3.903_909_128_7e-4],
        squares: 7.546_468_153_3e-2,
    },
    Problem {
        name: "Misra1c",
        model: |b, x, d| {
            let u = 1.0 + 2.0 * b[1] * x;
            d.copy_from_slice(&[1.0 - u.powf(-0.5), b[0] * x * u.powf(-1.5)]);
            b[0] * (1.0 - u.powf(-0.5))
        },
        x: MISRA_X,
        y: MISRA_Y,
        starts: [&[500.0, 1e-4], &[600.0, 2e-4]],
        certified: &[636.427_258_09, 2.081_362_725_6e-4],
        squares: 4.096_683_697_1e-2,
    },
    Problem {
        name: "Misra1d",
        model: |b, x, d| {
            let u = 1.0 + b[1] * x;
            d.copy_from_slice(&[b[1] * x / u, b[0] * x / (u * u)]);
            b[0] * b[1] * x / u
        },
        x: MISRA_X,
        y: MISRA_Y,
        starts: [&[500.0, 1e-4], &[450.0, 3e-4]],
        certified: &[437.369_707_54, 3.022_732_444_9e-4],
        squares: 5.641_929_528_3e-2,
    },
    Problem {
        name: "DanWood",
        model: |b, x, d| {
            let power = x.powf(b[1]);
            d.copy_from_slice(&[power, b[0] * power * x.ln()]);
            b[0] * power
        },
        x: &[1.309, 1.471, 1.490, 1.565, 1.611, 1.680],
        y: &[2.138, 3.421, 3.597, 4.340, 4.882, 5.660],
        starts: [&[1.0, 5.0], &[0.7, 4.0]],
        certified: &[7.688_622_617_6e-1, 3.860_405_587_1],
        squares: 4.317_308_408_3e-3,
    },
    Problem {
        name: "BoxBOD",
        model: saturating,
        x: &[1.0, 2.0, 3.0, 5.0, 7.0, 10.0],
        y: &[109.0, 149.0, 149.0, 191.0, 213.0, 224.0],
        starts: [&[1.0, 1.0], &[100.0, 0.75]],
        certified: &[213.809_408_89, 5.472_374_854_2e-1],
        squares: 1.168_008_876_6e3,
    },
    Problem {
        name: "Rat42",
        model: |b, x, d| {
            let e = (b[1] - b[2] * x).exp();
            let slope = b[0] * e / (1.0 + e).powi(2);
            d.copy_from_slice(&[1.0 / (1.0 + e), -slope, x * slope]);
            b[0] / (1.0 + e)
        },
        x: &[9.0, 14.0, 21.0, 28.0, 42.0, 57.0, 63.0, 70.0, 79.0],
        y: &[8.93, 10.80, 18.59, 22.33, 39.35, 56.11, 61.73, 64.62, 67.08],
        starts: [&[100.0, 1.0, 0.1], &[75.0, 2.5, 0.07]],
        certified: &[72.462_237_576, 2.618_076_840_2, 6.735_920_006_6e-2],
        squares: 8.056_522_933_8,
    },
    Problem {
        name: "Rat43",
        model: |b, x, d| {
            let e = (b[1] - b[2] * x).exp();
            let power = (1.0 + e).powf(-1.0 / b[3]);
            let slope = b[0] / b[3] * e * power / (1.0 + e);
            d.copy_from_slice(&[power, -slope, x * slope, b[0] * power * e.ln_1p() / (b[3] * b[3])]);
            b[0] * power
        },
        x: &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0, 13.0, 14.0, 15.0],
        y: &[
            16.08, 33.83, 65.80, 97.20, 191.55, 326.20, 386.87, 520.53, 590.03, 651.92, 724.93, 699.56, 689.96, 637.56,
            717.41,
        ],
        starts: [&[100.0, 10.0, 1.0, 1.0], &[700.0, 5.0, 0.75, 1.3]],
        certified: &[699.641_512_70, 5.277_125_302_5, 7.596_293_832_9e-1, 1.279_248_385_9],
        squares: 8.786_404_908_0e3,
    },
];

impl Problem {
    /// The sum of squares, and its gradient.
    fn evaluate(&self, b: &[f64], gradient: &mut [f64]) -> f64 {
        let mut derivatives = vec![0.0; b.len()];
        gradient.fill(0.0);
        let mut squares = 0.0;
        for (&x, &y) in self.x.iter().zip(self.y) {
            let residual = (self.model)(b, x, &mut derivatives) - y;
            squares += residual * residual;
            gradient.iter_mut().zip(&derivatives).for_each(|(g, d)| *g += 2.0 * residual * d);
        }
        squares
    }
}

/// Kind "once more": these fits end at the certified sum of squares, to 6 digits, from the far start and from the near one.
/// Parameters of 1e-4 make curvatures below any fixed bound, with which three were reached from each
/// (sblauth/cashocs#35). The others are for least squares: a direction in which the loss is 1e13 times as steep as in
/// another hides what a step along that brings behind the rounding of the loss.
#[test]
fn certified_fits_are_reached() {
    let mut reached = [Vec::new(), Vec::new()];
    for problem in &PROBLEMS {
        let mut gradient = vec![0.0; problem.certified.len()];
        let certified = problem.evaluate(problem.certified, &mut gradient);
        assert!((certified / problem.squares - 1.0).abs() < 1e-9, "{}: {certified}", problem.name);
        for (start, reached) in problem.starts.into_iter().zip(&mut reached) {
            let mut weights = start.to_vec();
            let exact = Lbfgs { tolerance_gradient: 0.0, tolerance_change: 0.0, ..Lbfgs::new(2000) };
            let minimum = exact.minimise(&mut weights, |b, gradient| problem.evaluate(b, gradient)).unwrap();
            if (minimum.loss / problem.squares - 1.0).abs() < 1e-6 {
                reached.push(problem.name);
            }
        }
    }
    let expected =
        [&["Misra1c", "Misra1d", "DanWood", "BoxBOD", "Rat42"][..], &["Misra1d", "DanWood", "Rat42", "Rat43"]];
    for (expected, reached) in expected.into_iter().zip(&reached) {
        assert!(expected.iter().all(|name| reached.contains(name)), "{reached:?}");
    }
}
