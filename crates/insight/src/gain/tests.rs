use super::*;
use chainrule_data::Targets;
use chainrule_nn::init::He;
use chainrule_nn::loss::MeanSquaredError;
use chainrule_nn::{Linear, Model, Sequential, activation};
use chainrule_tensor::Tensor;
use chainrule_tensor::random::generator;

/// Standard normal inputs with as many targets. These are so large that the gradient does not
/// depend on the weights by way of the outputs, since theory takes it to be independent of them.
fn data<T: Real>(samples: usize, width: usize) -> Dataset<T> {
    let draw = |deviation, seed| {
        Tensor::normal([samples, width], 0.0, deviation, &mut generator(seed)).unwrap()
    };
    Dataset::new(draw(1.0, 1), Targets::Values(draw(100.0, 2))).unwrap()
}

/// `depth` linear layers of one width and gain, each but the last with the activation.
fn deep<T: Real>(name: &str, gain: f64, width: usize, depth: usize) -> Sequential<T> {
    let linear = || Linear::new(width, width).weight_init(He::normal().gain(gain)).bias_init(0.0);
    let hidden = (1..depth).fold(Sequential::default(), |model: Sequential<T>, _| {
        model.layer(linear()).layer(activation::by_name(name).unwrap())
    });
    hidden.layer(linear())
}

fn measured<T: Real>(model: &Sequential<T>, width: usize) -> GainReport {
    let params = model.init([width], 0).unwrap();
    report(model, &MeanSquaredError, &params, &data(64, width)).unwrap()
}

#[test]
fn each_of_twenty_sigmoids_shrinks_the_gradient_to_a_quarter_at_most() {
    for gain in [0.5, 1.0, 4.0] {
        let report = measured(&deep::<f64>("sigmoid", gain, 24, 20), 24);
        let sigmoids: Vec<&LayerGain> =
            report.layers.iter().filter(|layer| layer.kind == "sigmoid").collect();
        assert_eq!(sigmoids.len(), 19);
        for layer in sigmoids {
            let factor = layer.backward.measured.unwrap().sqrt();
            assert!(factor > 0.0 && factor <= 0.25, "gain {gain}, layer {}: {factor}", layer.path);
        }
    }
}

#[test]
fn rectifiers_with_he_weights_keep_both_variances_at_width_256() {
    let (width, depth, seeds) = (256, 6, 8);
    let model = deep::<f32>("relu", std::f64::consts::SQRT_2, width, depth);
    let reports: Vec<GainReport> = (0..seeds)
        .map(|seed| {
            report(&model, &MeanSquaredError, &model.init([width], seed).unwrap(), &data(16, width))
                .unwrap()
        })
        .collect();
    // A rectifier and the linear layer behind it. One draw of a layer scatters by some 12 %; these
    // are means of 8 draws.
    for block in (1..2 * (depth - 1)).step_by(2) {
        let mean = |ratio: fn(&LayerGain) -> Ratio| {
            let of =
                |report: &GainReport, layer: usize| ratio(&report.layers[layer]).measured.unwrap();
            reports.iter().map(|report| of(report, block) * of(report, block + 1)).sum::<f64>()
                / seeds as f64
        };
        let (forward, backward) = (mean(|layer| layer.forward), mean(|layer| layer.backward));
        assert!(
            (forward - 1.0).abs() < 0.2 && (backward - 1.0).abs() < 0.2,
            "layer {block}: {forward} {backward}"
        );
    }
    let report = &reports[0];
    for factor in [report.forward, report.backward] {
        assert!((factor.unwrap() - 1.0).abs() < 0.2, "{factor:?}");
    }
    let repair = &report.repairs[0];
    assert_eq!((repair.gain, repair.usual), (std::f64::consts::SQRT_2, std::f64::consts::SQRT_2));
    assert!((repair.factor() - 1.0).abs() < 0.01);
}

#[test]
fn theory_is_near_what_is_measured() {
    for (name, gain) in [
        ("relu", 1.0),
        ("tanh", 1.5),
        ("sigmoid", 2.0),
        ("elu", 1.0),
        ("prelu", 1.2),
        ("gelu", 1.4),
    ] {
        let report = measured(&deep::<f64>(name, gain, 128, 5), 128);
        for layer in &report.layers {
            let ratios = [layer.forward, layer.backward];
            for Ratio { measured, theory } in ratios {
                // Widths of 128: a mean square over one layer scatters by about sqrt(2 / 128).
                let (measured, theory) = (measured.unwrap(), theory.unwrap());
                assert!(
                    (measured / theory - 1.0).abs() < 0.4,
                    "{name} {}: {measured}, theory {theory}",
                    layer.path
                );
            }
        }
    }
}

#[test]
fn the_gain_of_tanh_is_five_thirds() {
    let report = measured(&deep::<f64>("tanh", 0.5, 64, 6), 64);
    let repair = &report.repairs[0];
    assert_eq!((repair.activation.as_str(), repair.gain), ("tanh", 5.0 / 3.0));
    assert!(
        (repair.now - 0.5).abs() < 0.02 && (repair.factor() - 10.0 / 3.0).abs() < 0.15,
        "{repair:?}"
    );
    assert!(
        report.to_string().contains("tanh: a gain of 1.667 in front of it; the weights have 0.5"),
        "{report}"
    );
    // With it, values and gradients keep their size.
    let repaired = measured(&deep::<f64>("tanh", repair.gain, 64, 6), 64);
    for factor in [repaired.forward, repaired.backward] {
        assert!((0.6..1.6).contains(&factor.unwrap()), "{factor:?}");
    }
}

#[test]
fn the_gain_for_a_sigmoid_repairs_its_gradient() {
    let report = measured(&deep::<f64>("sigmoid", 1.0, 128, 10), 128);
    assert!(report.backward.unwrap() < 0.07, "{:?}", report.backward);
    let repaired = measured(&deep::<f64>("sigmoid", report.repairs[0].gain, 128, 10), 128);
    assert!((0.5..2.0).contains(&repaired.backward.unwrap()), "{:?}", repaired.backward);
}

#[test]
fn the_depth_of_underflow_is_where_a_deeper_model_underflows() {
    let shallow = measured(&deep::<f32>("sigmoid", 0.5, 32, 8), 32);
    let predicted = shallow.underflow.unwrap();
    let deep = measured(&deep::<f32>("sigmoid", 0.5, 32, predicted + 10), 32);
    let below = |layer: &&LayerGain| {
        layer.gain.is_some() && layer.gradient.unwrap() < f64::from(f32::MIN_POSITIVE)
    };
    let layers = deep
        .layers
        .iter()
        .rev()
        .filter(|layer| layer.gain.is_some())
        .take_while(|layer| !below(layer))
        .count();
    // The output layer is the layer 0 of the count.
    assert!(layers.abs_diff(predicted) <= 3, "predicted {predicted}, measured {layers}");
    assert_eq!(shallow.overflow, None);
    // Rows of ten thousand would need: f64 reaches further.
    assert!(
        measured(&self::deep::<f64>("sigmoid", 0.5, 32, 8), 32).underflow.unwrap() > 5 * predicted
    );
}

#[test]
fn gradients_that_grow_overflow_at_some_depth() {
    let report = measured(&deep::<f32>("relu", 4.0, 64, 6), 64);
    assert!(
        report.backward.unwrap() > 4.0
            && report.underflow.is_none()
            && report.overflow.unwrap() < 100
    );
}

#[test]
fn other_layers_have_no_theory_and_one_linear_layer_no_factor() {
    let model: Sequential<f64> = Sequential::default().linear(5, 5).layer_norm();
    let report = measured(&model, 5);
    assert_eq!((report.forward, report.backward, report.underflow), (None, None, None));
    assert_eq!(report.layers[1].forward.theory, None);
    assert!(report.layers[1].forward.measured.is_some() && report.repairs.is_empty());
}
