//! Optimizers: rules that move weights against their gradient.
//!
//! An optimizer holds its settings alone; its memory is a [`State`] that the caller owns. Most are
//! one pass over flat slices, shared among threads. A rule that needs the shape, the name or the
//! norm of a parameter, or all of a matrix, asks for it by [`Optimizer::whole`]. Definitions and
//! defaults are PyTorch's, unless the optimizer says otherwise. For those that remember squares, a
//! gradient beyond half the square root of the largest number, 9.2e18 in `f32` and 6.7e153 in
//! `f64`, counts as that. For Adagrad, which sums them, the bound is 1/1024 of it. Its square would
//! be infinite, and the weight would never move again.
//!
//! | name | optimizer | a step divides the gradient by |
//! |---|---|---|
//! | `sgd` | [`Sgd`], with momentum or Nesterov's | nothing |
//! | `adagrad` | [`Adagrad`] | the root of the sum of its squares |
//! | `adadelta` | [`Adadelta`] | the root of the mean of its squares, and multiplies by that of the last steps |
//! | `rmsprop` | [`RmsProp`], also centred | the root of the mean of its squares |
//! | `adam` | [`Adam`] | the root of the mean of its squares, bias corrected |
//! | `amsgrad` | [`Adam`] with `amsgrad` | the root of the largest such mean so far |
//! | `adamw` | [`AdamW`], decoupled weight decay | as `adam` |
//! | `adamax` | [`Adamax`] | its largest magnitude, slowly forgotten |
//! | `nadam` | [`NAdam`], Nesterov's momentum | as `adam` |
//! | `radam` | [`RAdam`], rectified | as `adam`, from when there are enough squares to trust |
//! | `lion` | [`Lion`] | its magnitude: a step is a sign |
//! | `adan` | [`Adan`], Nesterov's momentum from differences of gradients | as `adam`, with those differences |
//! | `adafactor` | [`Adafactor`], steps in proportion to the weights | as `adam`, by rows and columns of a matrix |
//! | `lamb` | [`Lamb`], steps as long as the parameter | as `adam` |
//! | `muon` | [`Muon`], orthogonal steps of matrices | its singular values, for matrices; others as `adamw` |
//! | `schedule_free` | [`ScheduleFree`], an average of all steps is validated and kept | as `adamw` |
//! | `lookahead` | [`Lookahead`], which wraps another one | as the optimizer that it wraps |
//! | | [`Lbfgs`] | an approximate second derivative; a function, since it needs several evaluations for a step |
//!
//! For a sum of squares of few parameters there is [`LeastSquares`](crate::LeastSquares).

mod adadelta;
mod adafactor;
mod adagrad;
mod adam;
mod adamax;
mod adamw;
mod adan;
mod definition;
mod lamb;
mod lbfgs;
mod lion;
mod lookahead;
mod muon;
mod nadam;
mod parameters;
mod radam;
mod rmsprop;
mod schedule_free;
mod sgd;
mod state;

use chainrule_config::{Family, Setting};
use chainrule_nn::{ConfigError, Configure};
use chainrule_tensor::Real;

use crate::check::{above_zero, fraction, not_negative};

pub use adadelta::Adadelta;
pub use adafactor::Adafactor;
pub use adagrad::Adagrad;
pub use adam::Adam;
pub use adamax::Adamax;
pub use adamw::AdamW;
pub use adan::Adan;
pub(crate) use definition::MOST_SLOTS;
pub use definition::{Optimizer, Pace, Update};
use definition::{bias_correction, bounded, decay, flushed_square, gradient_limit, pass, settled};
pub use lamb::Lamb;
pub use lbfgs::{Lbfgs, LbfgsStop, Minimum};
pub use lion::Lion;
pub use lookahead::Lookahead;
pub use muon::Muon;
pub use nadam::NAdam;
pub use parameters::{Parameter, Parameters, Whole, WholeUpdate};
pub use radam::RAdam;
pub use rmsprop::RmsProp;
pub use schedule_free::ScheduleFree;
pub use sgd::Sgd;
pub use state::State;

/// An optimizer of the list: one with a formula and settings by name, `learning_rate` among them.
/// Its settings are checked in one place, [`Configure::check`], to which [`Optimizer::check`] hands
/// on.
pub trait Listed<T: Real>: Optimizer<T> + Configure {}

impl<T: Real, O: Optimizer<T> + Configure> Listed<T> for O {}

/// Every optimizer with its default settings. Names, checks and command lines come from this list.
#[must_use]
pub fn family<T: Real>() -> Family<dyn Listed<T>> {
    let entries: Vec<Box<dyn Listed<T>>> = vec![
        Box::new(Sgd::default()),
        Box::new(Adagrad::default()),
        Box::new(Adadelta::default()),
        Box::new(RmsProp::default()),
        Box::new(Adam::default()),
        Box::new(Adam { amsgrad: true, ..Adam::default() }),
        Box::new(AdamW::default()),
        Box::new(Adamax::default()),
        Box::new(NAdam::default()),
        Box::new(RAdam::default()),
        Box::new(Lion::default()),
        Box::new(Adan::default()),
        Box::new(Adafactor::default()),
        Box::new(Lamb::default()),
        Box::new(Muon::default()),
        Box::new(ScheduleFree::default()),
        Box::new(Lookahead::default()),
    ];
    Family::new("optimizer", |optimizer| optimizer.name(), entries)
}

/// The entries of the [`family`], with their default settings.
#[must_use]
pub fn all<T: Real>() -> Vec<Box<dyn Listed<T>>> {
    family().all()
}

/// The optimizer that a text names, such as `adam` or `adam(learning_rate=0.003, beta1=0.9)`,
/// whatever the capitals and underscores are: `RMSprop`. Settings that are not given have their
/// defaults.
///
/// ```
/// use chainrule_train::optimizer::{self, Optimizer};
///
/// let adam = optimizer::by_name::<f32>("adam(learning_rate=0.003)")?;
/// assert_eq!(adam.learning_rate(), 0.003);
/// # Ok::<(), chainrule_nn::ConfigError>(())
/// ```
///
/// # Errors
/// [`ConfigError`] says what is wrong with the text, and what there is.
pub fn by_name<T: Real>(text: &str) -> Result<Box<dyn Listed<T>>, ConfigError> {
    family().by_name(text)
}

/// Gives an optimizer of the list another learning rate.
pub fn set_learning_rate(optimizer: &mut (impl Configure + ?Sized), learning_rate: f64) {
    for (name, setting) in optimizer.settings() {
        match (name, setting) {
            ("learning_rate", Setting::Number(rate)) => *rate = learning_rate,
            ("learning_rate", Setting::Optional(rate)) => *rate = Some(learning_rate),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use chainrule_tensor::Shape;
    use chainrule_tensor::parallel::Pool;

    use super::state::{LONG_VALUES, SHARED_VALUES};
    use super::*;

    /// The weight after each of some steps down `x^2` from 1.
    pub(super) fn down_a_parabola(optimizer: &dyn Optimizer<f64>, steps: usize) -> Vec<f64> {
        let (mut x, mut state) = ([1.0], State::new(optimizer, 1));
        let mut step = || {
            let gradient = [2.0 * x[0]];
            state.step(optimizer, &mut x, &gradient);
            x[0]
        };
        (0..steps).map(|_| step()).collect()
    }

    /// That the weight takes this path down `x^2` from 1.
    #[track_caller]
    pub(super) fn assert_path(optimizer: &dyn Optimizer<f64>, expected: &[f64]) {
        for (got, expected) in down_a_parabola(optimizer, expected.len()).iter().zip(expected) {
            assert!((got - expected).abs() < 1e-14, "{optimizer:?}: {got} is not {expected}");
        }
    }

    #[test]
    fn every_optimizer_has_sound_defaults_and_goes_downhill() {
        for mut optimizer in all::<f64>() {
            let name = optimizer.name();
            assert_eq!(Optimizer::check(&optimizer), Ok(()), "{name}");
            assert_eq!(by_name::<f64>(name).unwrap().name(), name);
            // Adadelta's default rate of 1 is for steps of its own unit.
            set_learning_rate(optimizer.as_mut(), 1e-3);
            assert_eq!(optimizer.learning_rate(), 1e-3, "{name}");
            let path = down_a_parabola(optimizer.as_ref(), 50);
            // Lookahead steps back after each fifth step.
            let fifths: Vec<f64> = path.into_iter().step_by(5).collect();
            assert!(fifths.is_sorted_by(|a, b| a > b), "{name}: {fifths:?}");
        }
        assert_eq!(
            by_name::<f32>("adma").unwrap_err().to_string(),
            "there is no optimizer `adma` (did you mean `adam`?); there are: sgd, adagrad, \
             adadelta, rmsprop, adam, \
             amsgrad, adamw, adamax, nadam, radam, lion, adan, adafactor, lamb, muon, \
             schedule_free, lookahead"
        );
    }

    #[test]
    fn settings_by_text_are_those_of_the_struct_and_are_checked() {
        let text = "adam(learning_rate=0.003, beta1=0.8, beta2=0.99, epsilon=1e-6, \
                    weight_decay=0.1, amsgrad=true)";
        let adam = Adam {
            learning_rate: 0.003,
            beta1: 0.8,
            beta2: 0.99,
            epsilon: 1e-6,
            weight_decay: 0.1,
            amsgrad: true,
        };
        assert_eq!(format!("{:?}", by_name::<f32>(text).unwrap()), format!("{adam:?}"));
        for mut optimizer in all::<f64>() {
            let name = optimizer.name();
            // A pattern of names may be any text.
            for (setting, _) in optimizer
                .settings()
                .into_iter()
                .filter(|(_, kind)| !matches!(kind, Setting::Text(_)))
            {
                let wrong = by_name::<f64>(&format!("{name}({setting}=NaN)"));
                assert!(wrong.is_err(), "{name}: {setting}");
            }
            let why = by_name::<f64>(&format!("{name}(learning_rate=-1)")).unwrap_err().to_string();
            assert_eq!(
                why,
                format!("{name}: learning_rate must be finite and not negative, but it is -1")
            );
        }
    }

    #[test]
    fn nan_reaches_the_weights_and_a_gradient_of_zero_is_no_mistake() {
        for optimizer in all::<f32>() {
            let name = optimizer.name();
            for gradient in [[f32::NAN, 0.0], [0.0, 0.0]] {
                for shape in [Shape::from(2), Shape::from([1, 2])] {
                    let parameters = Parameters::new([("", shape)]);
                    let whole = optimizer.whole(&parameters.all()[0]).is_some();
                    let (mut weights, mut state) =
                        ([1.0, 2.0], State::new(optimizer.as_ref(), parameters));
                    for _ in 0..3 {
                        state.step(optimizer.as_ref(), &mut weights, &gradient);
                    }
                    assert_eq!(weights[0].is_nan(), gradient[0].is_nan(), "{name}");
                    // Only decoupled weight decay moves it, or what moves the whole parameter.
                    let moved = whole && weights[1].is_nan() == gradient[0].is_nan();
                    assert!(moved || (1.99..=2.0).contains(&weights[1]), "{name}: {}", weights[1]);
                }
            }
        }
    }

    // Squares that overflow (kind 5 of RELIABILITY.md): pytorch#51912.
    #[test]
    fn a_gradient_whose_square_overflows_moves_a_weight_like_any_other_and_leaves_a_finite_memory()
    {
        /// The sum of 20 steps along gradients of this size, and that the memory stays finite in
        /// them and after them.
        fn moved<T: Real>(optimizer: &dyn Optimizer<T>, shape: Shape, size: f64) -> f64 {
            let (mut weights, parameters) = ([T::ZERO; 2], Parameters::new([("", shape)]));
            let mut state = State::new(optimizer, parameters);
            let mut step = |size: f64, weights: &mut [T; 2]| {
                state.step(optimizer, weights, &[T::from_f64(size), T::from_f64(-size)]);
                let finite = state.slots().iter().all(|slot| slot.iter().all(|x| x.is_finite()));
                assert!(finite, "{} after {size:e}: {:?}", optimizer.name(), state.slots());
                assert!(
                    weights.iter().all(|w| w.is_finite()),
                    "{} after {size:e}",
                    optimizer.name()
                );
            };
            (0..20).for_each(|_| step(size, &mut weights));
            assert_eq!(weights[0].to_f64(), -weights[1].to_f64(), "{}", optimizer.name());
            let sum = weights[1].to_f64();
            (0..20).for_each(|_| step(1.0, &mut weights));
            sum
        }
        fn over_all<T: Real>(sizes: &[f64]) {
            let others = [
                "rmsprop(centered=true)",
                "rmsprop(momentum=0.9)",
                "nadam(beta2=0.9)",
                "lookahead(inner=adam)",
            ];
            let texts = all::<T>()
                .iter()
                .map(|optimizer| optimizer.name())
                .chain(others)
                .collect::<Vec<_>>();
            let mut alike = 0;
            let shapes = [Shape::from(2), Shape::from([2, 1]), Shape::from([1, 2])];
            for (text, shape) in texts.iter().flat_map(|text| shapes.map(|shape| (text, shape))) {
                let optimizer = by_name::<T>(text).unwrap();
                let [usual, larger] = [1e6, 1e8].map(|size| moved(optimizer.as_ref(), shape, size));
                for &size in sizes {
                    let extreme = moved(optimizer.as_ref(), shape, size);
                    // A step that does not depend on the size of the gradient must not do so here.
                    if (usual / larger - 1.0).abs() < 1e-3 {
                        assert!(
                            (extreme / larger - 1.0).abs() < 1e-3,
                            "{text} of {size:e}: {extreme:e}, not {larger:e}"
                        );
                        alike += 1;
                    }
                }
            }
            assert!(alike >= 3 * 12 * sizes.len(), "{alike}");
        }
        over_all::<f32>(&[1e18, 1.5e19, 2e19, 1e20, 5e20, 7e20, 1e25, 1e30, 1e36]);
        over_all::<f64>(&[1e20, 1e153, 2e154, 1e155, 1e200, 1e300]);
    }

    #[test]
    fn a_flat_vector_is_moved_like_each_of_its_weights_unless_it_is_seen_whole() {
        for mut optimizer in all::<f64>() {
            if optimizer.whole(&Parameters::from(37).all()[0]).is_some() {
                continue;
            }
            set_learning_rate(optimizer.as_mut(), 0.05);
            let starts: Vec<f64> = (0..37).map(|i| 0.3 * f64::from(i) - 4.0).collect();
            let alone = |start: f64| {
                let (mut x, mut state) = ([start], State::new(optimizer.as_ref(), 1));
                for _ in 0..5 {
                    let gradient = [x[0].sin()];
                    state.step(optimizer.as_ref(), &mut x, &gradient);
                }
                x[0]
            };
            let (mut together, mut state) =
                (starts.clone(), State::new(optimizer.as_ref(), starts.len()));
            for _ in 0..5 {
                let gradient: Vec<f64> = together.iter().map(|x| x.sin()).collect();
                state.step(optimizer.as_ref(), &mut together, &gradient);
            }
            assert_eq!(
                together,
                starts.iter().map(|&start| alone(start)).collect::<Vec<_>>(),
                "{}",
                optimizer.name()
            );
        }
    }

    #[test]
    fn shared_steps_give_the_same_bits_with_any_number_of_threads() {
        for values in [SHARED_VALUES, LONG_VALUES] {
            let len = values / 2 + 7;
            let gradient: Vec<f32> = (0..len).map(|i| (i as f32 * 0.37).sin()).collect();
            let matrices = Parameters::new([
                ("matrix", [len / 64, 32].into()),
                ("vector", (len - len / 64 * 32 - 64 * 40).into()),
                ("small", [64, 40].into()),
            ]);
            // Of matrices once is enough.
            let parameters =
                [Some(Parameters::from(len)), (values == SHARED_VALUES).then_some(matrices)];
            let listed = all::<f32>();
            let pairs =
                parameters.iter().flatten().flat_map(|p| listed.iter().map(move |o| (o, p)));
            for (optimizer, parameters) in pairs {
                let moved = |threads| {
                    let mut state = State::new(optimizer.as_ref(), parameters.clone());
                    let mut weights = vec![0.5; len];
                    state.on(Arc::new(Pool::new(threads)));
                    for _ in 0..6 {
                        state.step(optimizer.as_ref(), &mut weights, &gradient);
                    }
                    weights
                };
                assert!(moved(1) == moved(3), "{} on {len} weights", optimizer.name());
            }
        }
    }

    /// Remembers names and sizes of what it sees.
    #[derive(Debug, Default)]
    struct Witness(std::sync::Mutex<Vec<String>>);

    impl Witness {
        fn see(&self, what: &str, update: &Update<'_, f64>) {
            let slots: Vec<usize> = update.slots.iter().map(|slot| slot.len()).collect();
            self.0.lock().unwrap().push(format!(
                "{what}: {} {slots:?} {:?}",
                update.weights.len(),
                update.gradient
            ));
        }
    }

    impl Optimizer<f64> for Witness {
        fn name(&self) -> &'static str {
            "witness"
        }
        fn learning_rate(&self) -> f64 {
            1.0
        }
        fn slots(&self) -> &[&'static str] {
            &["a", "b"]
        }
        fn whole(&self, parameter: &Parameter) -> Option<Whole> {
            (parameter.shape.rank() == 2)
                .then(|| Whole { slots: vec![parameter.shape[0], 1], scratch: 2 })
        }
        fn step(&self, update: Update<'_, f64>) {
            self.see("stretch", &update);
            update.slots.iter_mut().for_each(|slot| slot.fill(1.0));
        }
        fn step_whole(&self, WholeUpdate { parameter, update, scratch, .. }: WholeUpdate<'_, f64>) {
            self.see(&format!("{} {} {}", parameter.name, parameter.shape, scratch.len()), &update);
            update.slots.iter_mut().for_each(|slot| slot.fill(2.0));
        }
    }

    #[test]
    fn a_rule_sees_the_parameters_that_it_asks_for_and_the_others_in_one_stretch() {
        let sizes = [("a", Shape::from(1)), ("b", 2.into()), ("c", [2, 1].into()), ("d", 1.into())];
        let (witness, parameters) = (Witness::default(), Parameters::new(sizes));
        let mut state = State::new(&witness, parameters);
        let gradient = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        state.step(&witness, &mut [0.0; 6], &gradient);
        let seen = witness.0.lock().unwrap().join("; ");
        let expected = "stretch: 3 [3, 3] [1.0, 2.0, 3.0]; c [2, 1] 2: 2 [2, 1] [4.0, 5.0]; \
                        stretch: 1 [1, 1] [6.0]";
        assert_eq!(seen, expected);
        // Each wrote to memory of its own.
        let count =
            |slot: usize, value: f64| state.slots()[slot].iter().filter(|&&x| x == value).count();
        assert_eq!([count(0, 1.0), count(0, 2.0), count(1, 1.0), count(1, 2.0)], [4, 2, 4, 1]);
        let plain = State::<f64>::new(&Adam::default(), Parameters::new(sizes));
        assert_eq!(
            plain.slots().iter().map(|slot| slot.len()).collect::<Vec<_>>(),
            [6, 6],
            "one stretch, no gap"
        );
    }
}
