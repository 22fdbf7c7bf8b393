//! Trainings with products of each precision: they learn the same, `f64` stays as it is, and the
//! number of threads changes no bit.

use chainrule::prelude::*;

/// Wide enough for matrix units, where there are some.
fn model<T: Real>() -> Sequential<T> {
    Sequential::default().linear(64, 512).relu().linear(512, 256).relu().linear(256, 10)
}

/// The parameters after some epochs, and the accuracy on test samples.
fn train<T: Real>(precision: Precision, threads: usize, epochs: usize) -> (Vec<T>, f64) {
    let (train, test) = Digits::load().unwrap().dataset().split_stratified(0.2, 0).unwrap();
    let model = model::<T>();
    let mut params = model.init([64], 0).unwrap();
    let mut trainer = Trainer::new(&model, CrossEntropy, Adam::new(0.001))
        .epochs(epochs)
        .batch_size(128)
        .threads(threads)
        .precision(precision)
        .metric(Accuracy::new());
    trainer.fit(&mut params, &train, None).unwrap();
    let accuracy = trainer.evaluate(&params, &test).unwrap().metric("accuracy").unwrap();
    (params.values().to_vec(), accuracy)
}

#[test]
fn every_precision_learns_the_digits() {
    let [exact, fast, bf16] = Precision::ALL.map(|precision| train::<f32>(precision, 1, 8).1);
    assert!(exact >= 0.95, "{exact}");
    assert!((fast - exact).abs() <= 0.01 && (bf16 - exact).abs() <= 0.01, "{exact} {fast} {bf16}");
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    for precision in Precision::ALL {
        let bits = |threads| {
            train::<f32>(precision, threads, 1).0.into_iter().map(f32::to_bits).collect::<Vec<_>>()
        };
        assert!(bits(1) == bits(2) && bits(1) == bits(3), "{precision:?}");
    }
}

#[test]
fn double_precision_stays_as_it_is() {
    let exact = train::<f64>(Precision::F32, 1, 1).0;
    assert!(train::<f64>(Precision::Bf16, 1, 1).0 == exact);
}

#[test]
fn precisions_are_found_by_name() {
    for precision in Precision::ALL {
        assert_eq!(Precision::by_name(precision.name()), Some(precision));
    }
    assert_eq!(Precision::by_name("f16"), None);
    assert_eq!(Precision::default(), Precision::F32);
}
