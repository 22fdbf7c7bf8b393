//! Draws every kind of figure with made-up numbers:
//! `cargo run -p chainrule-plot --example gallery -- FOLDER` writes each as SVG and PNG in both
//! themes, and all of them as `report.html`.

use std::error::Error;
use std::path::PathBuf;

use chainrule_plot::{
    Bars, ConfusionMatrix, Curves, DecisionSurface, DigitGrid, Figure, Finding, Functions,
    GradientFlow, GraphDrawing, GraphNode, Heatmap, Landscape, NodeKind, Report, Ridge, RidgeRow,
    Severity, Theme, Unit, UnitMap, WeightImages,
};

/// Numbers from 0 to 1 that look random.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> f64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as f64 / (1_u64 << 31) as f64
    }

    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.next()).sum::<f64>() - 6.0
    }
}

fn names(count: usize) -> Vec<String> {
    (0..count).map(|index| index.to_string()).collect()
}

fn curves(noise: &mut Noise) -> [Curves; 3] {
    let mut fall = |to: f64, rough: f64| -> Vec<f64> {
        (0..60)
            .map(|epoch| {
                (2.3 * (-f64::from(epoch) / 7.0).exp() + to) * (1.0 + rough * noise.normal())
            })
            .collect()
    };
    let loss = Curves::new("Loss").labels("epoch", "cross-entropy");
    let loss =
        loss.curve("training", &fall(0.004, 0.06)).curve("validation", &fall(0.11, 0.03)).log_y();
    let mut accuracy = Curves::new("Accuracy of eleven seeds").labels("epoch", "accuracy");
    for seed in 0..11 {
        let values: Vec<f64> =
            fall(0.1, 0.02).iter().map(|loss| 1.0 - loss / 3.0 - f64::from(seed) / 90.0).collect();
        accuracy = accuracy.curve(format!("seed {seed}"), &values);
    }
    let rates = (0..80).map(|step| 10_f64.powf(-6.0 + f64::from(step) / 13.0));
    let test = rates.map(|rate| {
        (rate, if rate > 0.5 { f64::NAN } else { 2.3 / (1.0 + 300.0 * rate) + 9.0 * rate })
    });
    let test = Curves::new("Search for a learning rate")
        .labels("learning rate", "loss")
        .points("smoothed loss", test.collect())
        .log_x();
    [loss, accuracy, test]
}

fn flow() -> GradientFlow {
    let layers = (0..8).map(|layer| format!("layers.{layer}.weight")).collect();
    (0..25).fold(GradientFlow::new("Gradients by layer", layers), |flow, step| {
        let norm = |layer: i32| {
            if layer == 2 && step > 15 {
                0.0
            } else {
                10_f64.powf(f64::from(layer - 8) / 2.5 - f64::from(step) / 25.0)
            }
        };
        flow.step(f64::from(step) * 40.0, (0..8).map(norm).collect())
    })
}

fn ridge(noise: &mut Noise) -> Ridge {
    (0..7).fold(Ridge::new("Activations by layer", "activation after tanh"), |ridge, layer| {
        let values: Vec<f64> =
            (0..4000).map(|_| (noise.normal() * (0.25 + 0.3 * f64::from(layer))).tanh()).collect();
        ridge.row(RidgeRow::of(format!("layers.{layer}"), &values, 60))
    })
}

fn units(noise: &mut Noise) -> UnitMap {
    [("layers.0", 128), ("layers.1", 64), ("layers.2", 64)].into_iter().fold(
        UnitMap::new("Dead and saturated units"),
        |map, (name, count)| {
            let units = (0..count).map(|_| match noise.next() {
                chance if chance < 0.12 => Unit::Dead,
                chance if chance < 0.2 => Unit::Saturated,
                _ => Unit::Alive,
            });
            map.layer(name, units.collect())
        },
    )
}

fn confusion(noise: &mut Noise) -> ConfusionMatrix {
    let count = |truth: usize, class: usize, chance: f64| match (truth == class, chance) {
        (true, chance) => 30 + (8.0 * chance) as u64,
        (false, chance) if chance > 0.9 => (30.0 * (chance - 0.9)) as u64,
        _ => 0,
    };
    let counts = (0..10)
        .map(|truth| (0..10).map(|class| count(truth, class, noise.next())).collect())
        .collect();
    ConfusionMatrix::new("Confusion matrix, test set", names(10), counts)
}

fn digits() -> DigitGrid {
    let ring = |radius: f64, squeeze: f64| -> Vec<f64> {
        let pixel = |row: i32, column: i32| {
            let distance = ((f64::from(column) - 3.5) * squeeze).hypot(f64::from(row) - 3.5);
            16.0 * (-(distance - radius).powi(2) / 0.9).exp()
        };
        (0..8).flat_map(|row| (0..8).map(move |column| pixel(row, column))).collect()
    };
    (0..24).fold(DigitGrid::new("Digits with predictions", 8, 8), |grid, index| {
        let (squeeze, wrong) = (1.0 + f64::from(index % 5) / 3.0, index % 7 == 5);
        grid.digit(ring(2.7, squeeze), if wrong { 8 } else { 0 }, 0)
    })
}

fn weights(noise: &mut Noise) -> WeightImages {
    let units = (0..32).map(|_| {
        let (angle, phase) =
            (std::f64::consts::TAU * noise.next(), std::f64::consts::TAU * noise.next());
        let pixel = |row: i32, column: i32| {
            let (x, y) = (f64::from(column) - 3.5, f64::from(row) - 3.5);
            (x * angle.cos() + y * angle.sin() + phase).sin() * (-(x * x + y * y) / 12.0).exp()
        };
        (0..8).flat_map(|row| (0..8).map(move |column| pixel(row, column))).collect()
    });
    WeightImages::new("First-layer weights", 8, 8, units.collect())
}

fn decision(noise: &mut Noise) -> DecisionSurface {
    let classes = vec!["upper moon".to_owned(), "lower moon".to_owned(), "blob".to_owned()];
    let model = |x: f64, y: f64| {
        let scores = [
            -((x.hypot(y - 0.1) - 1.0).powi(2) * 3.0) + y,
            -(((x - 1.0).hypot(y - 0.4) - 1.0).powi(2) * 3.0) - y + 0.4,
            0.8 - (x + 1.2).hypot(y + 0.9) * 1.5,
        ];
        let best = (0..3).max_by(|&a, &b| scores[a].total_cmp(&scores[b])).unwrap_or(0);
        let sum: f64 = scores.iter().map(|score| (3.0 * (score - scores[best])).exp()).sum();
        (best, (1.0 / sum - 1.0 / 3.0) * 1.5)
    };
    let mut surface = DecisionSurface::new("Decision surface", classes, (-2.0, 2.5), (-1.7, 1.7))
        .sample(120, model);
    for index in 0..50 {
        let angle = std::f64::consts::PI * f64::from(index) / 49.0;
        let mut rough = || 0.1 * noise.normal();
        surface = surface.point(angle.cos() + rough(), angle.sin() + rough(), 0);
        surface = surface.point(1.0 - angle.cos() + rough(), 0.5 - angle.sin() + rough(), 1);
        surface = surface.point(-1.2 + 2.0 * rough(), -0.9 + 2.0 * rough(), 2);
    }
    surface
}

fn functions() -> Functions {
    let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
    Functions::new("Activations and derivatives", (-4.0, 4.0))
        .function("relu", |x| (x.max(0.0), if x > 0.0 { 1.0 } else { 0.0 }))
        .function(
            "leaky_relu(negative_slope=0.1)",
            |x| if x > 0.0 { (x, 1.0) } else { (0.1 * x, 0.1) },
        )
        .function("elu", |x| if x > 0.0 { (x, 1.0) } else { (x.exp_m1(), x.exp()) })
        .function("tanh", |x| (x.tanh(), 1.0 - x.tanh().powi(2)))
        .function("sigmoid", |x| (sigmoid(x), sigmoid(x) * (1.0 - sigmoid(x))))
        .function("silu", |x| (x * sigmoid(x), sigmoid(x) * (1.0 + x * (1.0 - sigmoid(x)))))
}

fn landscape() -> Landscape {
    let loss = |x: f64, y: f64| {
        0.02 + x * x
            + 0.4 * y * y
            + 0.25 * (1.0 - (5.0 * x).cos())
            + 0.15 * (1.0 - (4.0 * y + 2.0 * x).cos())
    };
    let path = (0..40).map(|step| {
        let left = (-f64::from(step) / 9.0).exp();
        (0.85 * left * (f64::from(step) / 6.0).cos(), -0.9 * left)
    });
    Landscape::new("Loss around the trained weights", (-1.0, 1.0), (-1.0, 1.0))
        .sample(61, loss)
        .path(path.collect())
}

fn graph() -> GraphDrawing {
    let mut graph = GraphDrawing::new("The graph of a residual network");
    let mut add =
        |label: &str, shape: &str, kind: NodeKind, layer: &[&str], reads: &[usize]| -> usize {
            let layer = layer.iter().map(|&name| name.to_owned()).collect();
            graph.nodes.push(GraphNode {
                label: label.to_owned(),
                shape: shape.to_owned(),
                kind,
                layer,
            });
            let node = graph.nodes.len() - 1;
            graph.edges.extend(reads.iter().map(|&read| (read, node)));
            node
        };
    let mut last = add("inputs", "[32, 64]", NodeKind::Input, &[], &[]);
    for block in ["0", "1"] {
        let start = last;
        for linear in ["first", "second"] {
            let layer = ["blocks", block, linear];
            let name = layer.join(".");
            let weight =
                add(&format!("{name}.weight"), "[64, 64]", NodeKind::Parameter, &layer, &[]);
            let bias = add(&format!("{name}.bias"), "[64]", NodeKind::Parameter, &layer, &[]);
            last = add("affine", "[32, 64]", NodeKind::Operation, &layer, &[last, weight, bias]);
            if linear == "first" {
                last = add("relu", "[32, 64]", NodeKind::Operation, &["blocks", block], &[last]);
            }
        }
        last = add("add", "[32, 64]", NodeKind::Operation, &["blocks", block], &[last, start]);
    }
    let weight = add("head.weight", "[64, 10]", NodeKind::Parameter, &["head"], &[]);
    let bias = add("head.bias", "[10]", NodeKind::Parameter, &["head"], &[]);
    last = add("affine", "[32, 10]", NodeKind::Operation, &["head"], &[last, weight, bias]);
    let targets = add("targets", "[32]", NodeKind::Input, &[], &[]);
    last = add("softmax_cross_entropy", "[32]", NodeKind::Operation, &[], &[last, targets]);
    let scale = add("constant", "[]", NodeKind::Constant, &[], &[]);
    last = add("mul", "[32]", NodeKind::Operation, &[], &[last, scale]);
    add("mean", "[]", NodeKind::Operation, &[], &[last]);
    graph
}

fn heatmap() -> Heatmap {
    let value = |row: usize, column: usize| {
        if row == column { 1.0 } else { ((row * 7 + column * 7) as f64).sin() * 0.8 }
    };
    let values = (0..8).map(|row| (0..8).map(|column| value(row, column)).collect()).collect();
    let features: Vec<String> = (0..8).map(|index| format!("unit {index}")).collect();
    Heatmap::new("Correlation of units", values)
        .labels("", "", "correlation")
        .names(features.clone(), features)
        .diverging()
}

fn bars() -> Bars {
    let labels = ["relu", "gelu", "silu", "tanh", "leaky_relu(negative_slope=0.01)"]
        .map(str::to_owned)
        .to_vec();
    Bars::new("Time of one step", "microseconds", labels)
        .series("forward", vec![21.0, 48.5, 39.0, 30.0, 22.0])
        .series("backward", vec![44.0, 71.0, 66.0, 52.0, f64::NAN])
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).ok_or("give the folder to write to")?);
    std::fs::create_dir_all(&folder)?;
    let mut noise = Noise(7);
    let [loss, accuracy, rates] = curves(&mut noise);
    let figures: Vec<(&str, Box<dyn Figure>)> = vec![
        ("loss", Box::new(loss)),
        ("accuracy", Box::new(accuracy)),
        ("rates", Box::new(rates)),
        ("confusion", Box::new(confusion(&mut noise))),
        ("digits", Box::new(digits())),
        ("decision", Box::new(decision(&mut noise))),
        ("flow", Box::new(flow())),
        ("ridge", Box::new(ridge(&mut noise))),
        ("units", Box::new(units(&mut noise))),
        ("weights", Box::new(weights(&mut noise))),
        ("landscape", Box::new(landscape())),
        ("functions", Box::new(functions())),
        ("graph", Box::new(graph())),
        ("heatmap", Box::new(heatmap())),
        ("bars", Box::new(bars())),
        ("empty", Box::new(Curves::new("A figure without data"))),
    ];
    let mut report = Report::new("Digits, 64-64-64-10, seed 7")
        .section("Result")
        .pairs([("test accuracy", "97.2 %"), ("test loss", "0.11"), ("time", "1.9 s")])
        .section("Findings")
        .findings([
            Finding::new(Severity::Note, "The validation loss was lowest in epoch 41 of 60"),
            Finding::new(Severity::Warning, "31 of 256 units are dead")
                .because("layers.0 has 17, layers.1 has 6, layers.2 has 8")
                .advice("a lower learning rate, or leaky_relu"),
        ])
        .section("Figures");
    for (name, figure) in &figures {
        for theme in Theme::ALL {
            for kind in ["svg", "png"] {
                figure.save_as(folder.join(format!("{name}-{}.{kind}", theme.name())), theme)?;
            }
        }
        report = report.figure(figure);
    }
    let layers =
        [("layers.0", 64, 128, 8_320), ("layers.1", 128, 64, 8_256), ("layers.2", 64, 64, 4_160)];
    let rows = layers.map(|(name, inputs, outputs, numbers)| {
        [name.to_owned(), inputs.to_string(), outputs.to_string(), numbers.to_string()]
    });
    report
        .section("Configuration")
        .table(&["layer", "inputs", "outputs", "parameters"], rows)
        .preformatted(
            "optimizer = adam(learning_rate=0.001)\nloss = cross_entropy\nbatch = 32\nseed = 7",
        )
        .section("Environment")
        .pairs([("threads", "2"), ("numbers", "f32")])
        .save(folder.join("report.html"))?;
    println!("{} figures and report.html in {}", figures.len(), folder.display());
    Ok(())
}
